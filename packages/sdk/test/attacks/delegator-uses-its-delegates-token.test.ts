import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { call, trail } from "@agentwrit/testing/client"
import { sdkApp } from "@agentwrit/testing/sdk-app"
import { testVerifier } from "@agentwrit/testing/verifying"
import { Hono } from "hono"
import { expect, test } from "vitest"
import { guard } from "../../src/hono.ts"
import { acceptDelegation } from "../../src/index.ts"

// Before: a delegator received the token that the broker made for its delegate, and could use it, delegate it on and
// release it. The trail blamed the delegate.

let shared: SharedTestBroker
shareTestBroker((broker) => {
  shared = broker
})

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }
const READ = "https://api.example/customers/7"

test("a delegator cannot use, delegate on or release the token that it made for its delegate; the delegate can", async () => {
  const app = await sdkApp(shared, { allowedOrigins: [new URL(READ).origin] })
  await using delegator = await app.createAgent(TASK)
  await using delegate = await app.createAgent(TASK)
  await using third = await app.createAgent(TASK)
  const delegated = await delegator.delegate({ to: delegate.id, scope: TASK.scope })
  const token = await delegated.token()

  // By the SDK: nothing is sent.
  const noKey = { name: "CredentialError", code: "key_missing", hint: expect.stringContaining("acceptDelegation") }
  await expect(delegated.fetch(READ)).rejects.toMatchObject(noKey)
  await expect(delegated.delegate({ to: third.id, scope: TASK.scope })).rejects.toMatchObject(noKey)
  await expect(delegated.release()).rejects.toMatchObject(noKey)
  expect(() => acceptDelegation({ brokerUrl: shared.url, token })).toThrow(expect.objectContaining(noKey))
  expect(() => acceptDelegation({ agent: delegator, token })).toThrow(
    expect.objectContaining({ name: "CredentialError", code: "other_delegate" }),
  )

  // By hand: as a bearer token, and with a proof of the delegator's own key.
  const api = new Hono().get(
    "/customers/:id",
    guard(testVerifier({ brokerUrl: shared.url }), { publicUrl: new URL(READ).origin }),
    (c) => c.text(c.var.claims.sub),
  )
  const json = { delegate_to: third.id, scope: TASK.scope }
  const own = await delegator.headers({ method: "GET", url: READ })
  for (const headers of [
    { authorization: `Bearer ${token}` },
    { authorization: `DPoP ${token}`, dpop: own.dpop ?? "" },
  ]) {
    expect((await api.request(READ, { headers })).status).toBe(401)
    for (const [route, body] of [["POST /v1/delegate", json], ["POST /v1/token/release"]] as const)
      expect((await call(shared.url, route, { headers, json: body })).status).toBe(401)
  }
  const blamed = (await trail(shared.url, shared.admin)).filter(
    ({ event_type: type, agent_id: id }) =>
      id === delegate.id && type !== "agent_registered" && type !== "token_issued",
  )
  expect(new Set(blamed.map(({ event_type: type }) => type))).not.toContain("token_released")

  // The delegate, with its key.
  const accepted = acceptDelegation({ agent: delegate, token })
  const headers = { ...(await accepted.headers({ method: "GET", url: READ })) }
  expect(await (await api.request(READ, { headers })).text()).toBe(delegate.id)
  expect((await accepted.delegate({ to: third.id, scope: TASK.scope })).chain).toHaveLength(2)
  await accepted.release()
})
