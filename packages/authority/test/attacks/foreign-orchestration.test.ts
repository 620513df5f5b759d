import { MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, any app could register agents under the orch_id of another, and pass for that app's agents.
test("an app cannot register an agent under another app's orchestration", async () => {
  await using on = await testAuthority()
  const owner = await on.app("owner", ["read:data:*"], { orchIds: ["payroll"] })
  const thief = await on.app("thief")
  const policy = { agentName: "worker", allowedScope: ["read:data:*"] }
  const { launchToken } = await on.authority.createAppLaunchToken(CALLER, thief.claims, policy)
  await on.refused(
    () => on.authority.register(CALLER, on.request(launchToken, { orchId: "payroll" })),
    {
      code: "forbidden",
      detail: "orch_id belongs to another app",
      reason: `orch_id payroll belongs to ${owner.appId}, not to ${thief.appId}`,
    },
    [{ event_type: "registration_policy_violation", orch_id: "payroll" }],
  )
  expect((await owner.agent({ orchId: "payroll" })).claims).toMatchObject({ orch_id: "payroll", app_id: owner.appId })
  expect((await thief.agent({ orchId: "crm" })).claims.app_id).toBe(thief.appId)
  expect((await on.agent({ orchId: "payroll" })).claims.orch_id).toBe("payroll")
})

test("an orchestration has one app, and stays closed after its deregistration until an operator gives it to another", async () => {
  await using on = await testAuthority()
  const owner = await on.app("owner", ["read:data:*"], { orchIds: ["payroll"] })
  const create = (name: string) =>
    on.authority.createApp(CALLER, on.operator, { name, scopes: ["read:data:*"], orchIds: ["hr", "payroll"] })
  await expect(create("second")).rejects.toMatchObject({ code: "conflict" })
  await on.authority.deregisterApp(CALLER, on.operator, owner.appId)
  await expect((await on.app("thief")).agent({ orchId: "payroll" })).rejects.toMatchObject({ code: "forbidden" })
  expect((await create("second")).orchIds).toEqual(["hr", "payroll"])
})

// Before: a registration that began before the app had the orchestration was committed after it.
test("a registration under way does not get in when an app gets the orchestration", async () => {
  const store = new MemoryStore({ clock: settableClock() })
  const { appsOfOrchestration } = store.records
  let give: (() => Promise<unknown>) | undefined
  Object.assign(store.records, {
    appsOfOrchestration: async (orchId: string) => {
      const owners = await appsOfOrchestration(orchId)
      await give?.()
      return owners
    },
  })
  await using on = await testAuthority({ store })
  const thief = await on.app("thief")
  give = () => on.app("owner", ["read:data:*"], { orchIds: ["payroll"] })
  await expect(thief.agent({ orchId: "payroll" })).rejects.toMatchObject({ code: "forbidden" })
})
