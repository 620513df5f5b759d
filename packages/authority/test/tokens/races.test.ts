import type { Claims } from "@agentwrit/core"
import { describe, expect, test } from "vitest"
import { InterceptedStore } from "../intercepted-store.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

type Setting = Awaited<ReturnType<typeof testAuthority>>

const uses = {
  renewal: (on: Setting, held: Claims) => on.authority.renewToken(CALLER, held),
  delegation: async (on: Setting, held: Claims, other: string) => on.delegate(held, other),
  release: (on: Setting, held: Claims) => on.authority.releaseToken(CALLER, held),
}

const ends = {
  revocation: (on: Setting, { jti }: Claims) =>
    on.authority.revoke(CALLER, on.operator, { level: "token", target: jti }),
  release: (on: Setting, held: Claims) => on.authority.releaseToken(CALLER, held),
  renewal: (on: Setting, held: Claims) => on.authority.renewToken(CALLER, held),
}

// Both are decided before either commits. Only the condition of the commit shows that the other came first.
describe.each(Object.entries(uses))("a %s of a token", (use, run) => {
  test.each(Object.entries(ends))("that ends by a %s before the commit makes nothing of it", async (_, end) => {
    const store = new InterceptedStore()
    await using on = await testAuthority({ store })
    const [one, other] = [await on.agent(), await on.agent()]
    store.beforeWrite = () => end(on, one.claims)
    const reason = "token was renewed, released or revoked meanwhile"
    await expect(run(on, one.claims, other.agentId)).rejects.toMatchObject({ code: "token_revoked", reason })
    const own = { renewal: ["token_renewal_failed"], delegation: ["delegation_created"], release: [] }[use] ?? []
    const denied = (await on.events()).filter(({ outcome }) => outcome === "denied")
    expect(denied.map(({ event_type }) => event_type)).toEqual(["token_revoked_access", ...own])
  })
})
