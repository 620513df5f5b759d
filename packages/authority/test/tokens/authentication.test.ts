import { signToken } from "@agentwrit/core"
import { describe, expect, test } from "vitest"
import { RENEWAL_WORDING, TOKEN_INVALID } from "../../src/index.ts"
import { CALLER, SIGNING_KEY, testAuthority } from "../test-authority.ts"

type Setting = Awaited<ReturnType<typeof testAuthority>>
type Json = Record<string, unknown>

const AGENT = { kinds: ["agent"] } as const
const FAILED = { code: "unauthorized", detail: "token verification failed" } as const
const DENIED = { event_type: "token_auth_failed" } as const

/** A genuine token with these claims changed. */
const forged = (claims: object, changes: Json): string => signToken({ ...claims, ...changes } as never, SIGNING_KEY)

test("a good token of the right kind and scope answers its claims", async () => {
  await using on = await testAuthority()
  const { accessToken } = await on.authority.signInAdmin(CALLER, "the operator's own secret")
  const needs = { kinds: ["admin"], scope: "admin:revoke:*" } as const
  expect(await on.authority.authenticate(CALLER, accessToken, needs)).toMatchObject({ sub: "admin", kind: "admin" })
})

describe("is refused without a subject:", () => {
  test.each([
    [undefined, "no token in the Authorization header"],
    ["", expect.anything()],
    ["not-a-token", expect.anything()],
    [`${"a".repeat(70_000)}`, expect.stringMatching(/^token has 70000 characters/)],
  ])("%.20s", async (bearer, reason) => {
    await using on = await testAuthority()
    const attempt = () => on.authority.authenticate(CALLER, bearer, AGENT)
    await on.refused(attempt, { ...FAILED, reason }, [{ ...DENIED }])
    expect((await on.events()).at(-1)?.agent_id).toBeUndefined()
    const renewal = () => on.authority.authenticate(CALLER, bearer, AGENT, RENEWAL_WORDING)
    const both = [DENIED, { event_type: "token_renewal_failed" } as const]
    await on.refused(renewal, { code: "unauthorized", detail: "token renewal failed", reason }, both)
  })
})

const TIMES = { iat: 1_767_225_600, nbf: 1_767_225_600, exp: 1_767_225_900 }

describe("is refused with the token's subject, and validation answers nothing:", () => {
  test.each<[string, Json, string]>([
    [
      "expired",
      { ...TIMES, iat: TIMES.iat - 345, nbf: TIMES.nbf - 345, exp: TIMES.nbf - 45 },
      "token expired 45 s ago",
    ],
    ["not valid yet", { nbf: TIMES.nbf + 60 }, expect.any(String)],
    ["of another issuer", { iss: "https://b.example" }, expect.any(String)],
    ["for another audience", { aud: ["other"] }, expect.any(String)],
  ])("a genuine token %s", async (_, changes, reason) => {
    const skews: number[] = []
    const observer = { clockSkew: () => skews.push(1) }
    await using on = await testAuthority({ settings: { issuer: "https://a.example", audience: "api" }, observer })
    const { claims } = await on.agent()
    const token = forged(claims, changes)
    const denied = [{ ...DENIED, agent_id: claims.sub, task_id: "t-42", orch_id: "crm" }]
    await on.refused(() => on.authority.authenticate(CALLER, token, AGENT), { ...FAILED, reason }, denied)
    expect(await on.authority.validateToken(CALLER, token)).toBeUndefined()
    expect((await on.events()).at(-1)).toMatchObject({ ...denied[0], detail: reason, outcome: "denied" })
    expect(skews).toHaveLength(_ === "not valid yet" ? 2 : 0)
  })
})

describe("is refused when the kind or the scope is not the route's:", () => {
  test.each([
    [
      { kinds: ["admin"], scope: "admin:revoke:*" } as const,
      { code: "insufficient_scope", detail: "this route is for admin tokens, not for kind agent" } as const,
    ],
    [
      { kinds: ["app", "admin"] } as const,
      { code: "forbidden", detail: "this route is for app or admin tokens, not for kind agent" } as const,
    ],
    [
      { kinds: ["agent"], scope: "read:data:8" } as const,
      {
        code: "insufficient_scope",
        detail: "the token lacks the scope read:data:8",
        hint: "missing: read:data:8; nearest held: read:data:7",
      } as const,
    ],
  ])("%j", async (needs, refusal) => {
    await using on = await testAuthority()
    const { accessToken, agentId } = await on.agent()
    const attempt = () => on.authority.authenticate(CALLER, accessToken, needs)
    await on.refused(attempt, refusal, [{ event_type: "scope_violation", agent_id: agentId }])
  })
})

describe("a revoked token is refused, whatever revoked it:", () => {
  const revoked = { code: "token_revoked", detail: "token has been revoked" } as const
  test.each([
    [
      "token",
      (on: Setting, { jti }: { jti: string; sub: string }) =>
        on.authority.revoke(CALLER, on.operator, { level: "token", target: jti }),
    ],
    [
      "agent",
      (on: Setting, { sub }: { jti: string; sub: string }) =>
        on.authority.revoke(CALLER, on.operator, { level: "agent", target: sub }),
    ],
    ["task", (on: Setting) => on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-42" })],
  ])("level %s", async (level, revoke) => {
    await using on = await testAuthority()
    const { accessToken, claims } = await on.agent()
    await revoke(on, claims)
    const denied = { event_type: "token_revoked_access", agent_id: claims.sub } as const
    const reason = expect.stringMatching(`^token is revoked at level ${level}: `)
    const attempt = () => on.authority.authenticate(CALLER, accessToken, AGENT)
    await on.refused(attempt, { ...revoked, reason }, [denied])
    const renewal = () => on.authority.authenticate(CALLER, accessToken, AGENT, RENEWAL_WORDING)
    await on.refused(renewal, revoked, [denied, { event_type: "token_renewal_failed", agent_id: claims.sub }])
    expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
    expect((await on.events()).at(-1)).toMatchObject({ ...denied, detail: reason })
  })
})

test("validation answers claims or nothing, and tells the observer which", async () => {
  const validated: boolean[] = []
  await using on = await testAuthority({ observer: { validated: (valid) => validated.push(valid) } })
  const { accessToken, claims } = await on.agent()
  expect(await on.authority.validateToken(CALLER, accessToken)).toEqual(claims)
  expect(await on.authority.validateToken(CALLER, "")).toBeUndefined()
  expect(validated).toEqual([true, false])
  expect(TOKEN_INVALID).toBe("token is invalid or expired")
})
