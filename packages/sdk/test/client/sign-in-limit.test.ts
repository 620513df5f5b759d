import { shareTestBroker } from "@agentwrit/testing/broker"
import { call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { AgentWritApp } from "../../src/index.ts"

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

/** Processes of one app, each with its own session. */
async function processes(count: number, retries?: number) {
  const json = { name: `fleet-${count}`, scopes: ["read:data:*"] }
  const { client_id, client_secret } = (await call(url, "POST /v1/admin/apps", { bearer: admin, json })).body
  const credentials = { brokerUrl: url, clientId: client_id, clientSecret: client_secret, retries }
  const create = () =>
    new AgentWritApp(credentials).createLaunchToken({
      agentName: "a",
      orchId: "fleet",
      taskId: "start",
      scope: ["read:data:1"],
    })
  return Promise.allSettled(Array.from({ length: count }, create))
}

test("processes that start at once all sign in: those beyond the broker's limit wait for their turn", async () => {
  const results = await processes(21)
  expect(results.filter(({ status }) => status === "rejected")).toEqual([])
})

test("without retries a sign-in beyond the limit is an error that says when to come back", async () => {
  const [refused] = (await processes(25, 0)).filter((result) => result.status === "rejected")
  expect(refused?.reason).toMatchObject({ code: "rate_limited", status: 429, retryAfter: 2 })
})
