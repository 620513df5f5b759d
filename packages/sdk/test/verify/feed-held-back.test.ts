import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import { FEED } from "./feed-proxy.ts"

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

test("behind a proxy that holds the stream back, a verifier joins and learns of revocations by polls", async () => {
  await using proxy = await startProxy(url)
  proxy.intercept = (incoming, answer) => {
    if (incoming.url?.startsWith(FEED) !== true || incoming.headers.accept !== "text/event-stream") return "pass"
    answer.writeHead(200, { "content-type": "text/event-stream" })
    answer.flushHeaders()
    return "taken"
  }
  const verifier = testVerifier({ brokerUrl: proxy.url })
  await verifier.ready()
  const { access_token, agent_id } = await agent(url, admin)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  await revoke(url, admin, "agent", agent_id)
  await expect.poll(() => verdict(verifier, access_token)).toBe("token_revoked")
})
