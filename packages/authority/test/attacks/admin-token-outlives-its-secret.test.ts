import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { expect, test } from "vitest"
import type { AdminSecret } from "../../src/index.ts"
import { CALLER, SECRET, testAuthority } from "../test-authority.ts"

// Before, an admin token that was issued under a leaked secret went on after the secret was changed.
test("admin tokens end when the admin secret changes, and survive a restart under the same", async () => {
  const store = () => new MemoryStore({ data })
  const data = new MemoryData()
  const on = await testAuthority({ store: store() })
  const { accessToken } = await on.authority.signInAdmin(CALLER, SECRET)
  await on.authority.close()
  {
    await using same = await testAuthority({ store: store() })
    expect((await same.claimsOf(accessToken, "admin")).sub).toBe("admin")
  }
  const adminSecret: AdminSecret = { configured: "another secret", check: async () => "right" }
  await using changed = await testAuthority({ store: store(), adminSecret })
  const reason = "the admin secret has changed since the sign-in"
  await changed.refused(() => changed.claimsOf(accessToken, "admin"), { code: "unauthorized", reason }, [
    { event_type: "token_auth_failed", agent_id: "admin" },
  ])
})
