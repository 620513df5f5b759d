import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { call } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { sdkApp } from "@agentwrit/testing/sdk-app"
import { expect, test, vi } from "vitest"
import { acceptDelegation } from "../../src/index.ts"

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:customer-7291"] }

let shared: SharedTestBroker
shareTestBroker((broker) => {
  shared = broker
})

async function isValid(token: string): Promise<boolean> {
  const { body } = await call(shared.url, "POST /v1/token/validate", { json: { token } })
  return body.valid
}

test("run passes the credential, returns what the function returns, and releases at the end", async () => {
  const agent = await (await sdkApp(shared)).createAgent(TASK)
  const token = await agent.run(async (given) => {
    expect(given).toBe(agent)
    const token = await given.token()
    expect(await isValid(token)).toBe(true)
    return token
  })
  expect(await isValid(token)).toBe(false)
  await expect(agent.token()).rejects.toMatchObject({ code: "credential_released" })
})

test("run releases a delegated token too, also when the function throws at once", async () => {
  const app = await sdkApp(shared)
  const [agent, other] = [await app.createAgent(TASK), await app.createAgent(TASK)]
  const token = await (await agent.delegate({ to: other.id, scope: TASK.scope })).token()
  const delegated = acceptDelegation({ agent: other, token })
  const fault = new RangeError("of the function")
  const failing = () => {
    throw fault
  }
  await expect(delegated.run(failing)).rejects.toBe(fault)
  expect(await isValid(token)).toBe(false)
  for (const held of [agent, other]) await held.release()
})

test("an error of the function wins over a release that fails, which onError tells", async () => {
  await using proxy = await startProxy(shared.url)
  const onError = vi.fn()
  const app = await sdkApp({ ...shared, url: proxy.url }, { retries: 0 })
  proxy.intercept = ({ url }, answer) => {
    if (url !== "/v1/token/release") return "pass"
    answer.destroy()
    return "taken"
  }
  const fault = new RangeError("of the function")
  const agent = await app.createAgent({ ...TASK, onError })
  await expect(agent.run(() => Promise.reject(fault))).rejects.toBe(fault)
  const failure = { during: "release", willRetry: false, error: expect.objectContaining({ code: "network_error" }) }
  expect(onError.mock.calls).toEqual([[failure]])
  const other = await app.createAgent({ ...TASK, onError })
  expect(await other.run(() => "done")).toBe("done")
  expect(onError.mock.calls).toEqual([[failure], [failure]])
})
