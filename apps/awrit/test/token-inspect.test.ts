import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { describe, expect, test } from "vitest"
import { awrit, operator, succeeds } from "./run-awrit.ts"

let url: string
let admin: string
let env: Record<string, string>
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
  env = operator(url)
})

describe("token inspect", () => {
  test("shows the scope and delegation chain of a delegated token", async () => {
    const scope = { requested_scope: ["read:data:7"], task_id: "inspect" }
    const first = await agent(url, admin, scope)
    const second = await agent(url, admin, scope)
    const json = { delegate_to: second.agent_id, scope: ["read:data:7"], ttl: 60 }
    const { body } = await call(url, "POST /v1/delegate", { bearer: first.access_token, json })
    const text = await succeeds(["token", "inspect", "--token", "-"], { env, input: `${body.access_token}\n` })
    expect(text).toMatch(/^standing +good$/m)
    expect(text).toContain("read data 7  (read:data:7)")
    expect(text).toMatch(/^expires .*\(expires in (1m|5\ds)\)$/m)
    expect(text).toContain(`by ${first.agent_id}, which held read:data:7`)
    expect(text).not.toContain(body.access_token)
    const document = JSON.parse(await succeeds(["token", "inspect", "--token", body.access_token, "--json"], { env }))
    expect(document).toMatchObject({ standing: "good", claims: { sub: second.agent_id } })
  })

  test("exits with 1 for an edited and a released token", async () => {
    const { access_token: token } = await agent(url, admin)
    const [head = "", payload = "", signature = ""] = token.split(".")
    const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`
    const edited = await awrit(["token", "inspect", "--token", `${head}.${payload}.${flipped}`], { env })
    expect([edited.code, edited.stdout]).toEqual([1, expect.stringContaining("not signed by this broker")])
    await succeeds(["token", "release", "--token", "-"], { env, input: token })
    const released = await awrit(["token", "inspect", "--token", token], { env })
    expect([released.code, released.stdout]).toEqual([1, expect.stringContaining("revoked, released or refused")])
    const document = JSON.parse((await awrit(["token", "inspect", "--token", token, "--json"], { env })).stdout)
    expect(document).toMatchObject({ standing: "refused" })
  })
})
