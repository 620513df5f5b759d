import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, only the ceilings of the delegators were asked: an app got by delegation what its own ceiling excludes.
test("a delegate cannot hold more than the ceiling of its own app", async () => {
  await using on = await testAuthority()
  const wide = await (await on.app("wide", ["read:data:*", "write:data:*"])).agent()
  const narrow = await on.app("narrow", ["read:data:*"])
  const delegate = await narrow.agent()
  const held = await on.agent({ requestedScope: ["write:data:1"] }, { allowedScope: ["write:data:*"] })
  await on.refused(
    () => on.delegate(held.claims, delegate.agentId, { scope: ["write:data:1"] }),
    { code: "forbidden", detail: "the scope is beyond the ceiling of the app that launched this agent" },
    [{ event_type: "delegation_created", agent_id: held.agentId }],
  )
  const within = await on.delegate(wide.claims, delegate.agentId, { scope: ["read:data:7"] })
  expect(within.claims).toMatchObject({ sub: delegate.agentId, app_id: narrow.appId })
})

test("what a delegate may hold ends with its app", async () => {
  await using on = await testAuthority()
  const narrow = await on.app("narrow")
  const [holder, delegate] = [await on.agent(), await narrow.agent()]
  await on.authority.deregisterApp(CALLER, on.operator, narrow.appId)
  await expect(on.delegate(holder.claims, delegate.agentId)).rejects.toMatchObject({
    code: "forbidden",
    detail: "the app that launched this agent is inactive",
  })
})
