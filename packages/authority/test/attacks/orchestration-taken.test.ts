import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before: who emptied `orch_ids` in the database of a running broker opened an orchestration to every app, and nobody
// was told until the next verification.

test.each(["since before the start", "since the start"])(
  "an orchestration that an app had %s stays closed when an edit takes it, and health says broken",
  async (since) => {
    const data = new MemoryData()
    const clock = settableClock()
    const open = () => testAuthority({ clock, store: new MemoryStore({ data, clock }) })
    const first = await open()
    const { appId } = await first.app("owner", ["read:data:*"], { orchIds: ["payroll"] })
    if (since !== "since the start") await first.authority.close()
    await using on = since === "since the start" ? first : await open()
    const row = data.apps.get(appId)
    if (row === undefined) throw new Error("the app is not stored")
    data.apps.set(appId, { ...row, orchIds: [] })
    const thief = await on.app("thief")
    const policy = { agentName: "worker", allowedScope: ["read:data:*"] }
    const { launchToken } = await on.authority.createAppLaunchToken(CALLER, thief.claims, policy)
    const registration = on.authority.register(CALLER, on.request(launchToken, { orchId: "payroll" }))
    await expect(registration).rejects.toMatchObject({ code: "forbidden" })
    expect(on.authority.health().auditChain).toBe("broken")
  },
)
