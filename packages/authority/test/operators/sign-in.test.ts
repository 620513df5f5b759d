import bcrypt from "bcrypt"
import { describe, expect, test } from "vitest"
import { ADMIN_SCOPES, createAdminSecret, isBcryptHash, type SecretVerdict } from "../../src/index.ts"
import { CALLER, SECRET, testAuthority } from "../test-authority.ts"

test("a sign-in answers an operator's token, within the limit of TTLs", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 100 } })
  const { accessToken, expiresIn } = await on.authority.signInAdmin(CALLER, SECRET)
  expect(expiresIn).toBe(100)
  const claims = await on.claimsOf(accessToken, "admin")
  expect(claims).toMatchObject({ sub: "admin", kind: "admin", scope: ADMIN_SCOPES })
  const detail = `admin signed in, token ${claims.jti} for 100 s`
  expect((await on.events()).at(-1)).toMatchObject({ event_type: "admin_auth", agent_id: "admin", detail })
})

test("a wrong secret is refused, and never written to the trail", async () => {
  await using on = await testAuthority()
  for (const secret of ["", `${SECRET} `, "a".repeat(5000)]) {
    const refusal = { code: "unauthorized", detail: "sign-in failed", reason: "wrong admin secret" } as const
    await on.refused(() => on.authority.signInAdmin(CALLER, secret), refusal, [{ event_type: "admin_auth_failed" }])
  }
})

test("the secret is removed from every event's text", async () => {
  await using on = await testAuthority()
  await on.authority.createLaunchToken(CALLER, on.operator, { agentName: SECRET, allowedScope: ["read:data:*"] })
  expect((await on.events()).at(-1)?.detail).not.toContain(SECRET)
})

test("seed tokens work without a sign-in", async () => {
  await using on = await testAuthority()
  const { adminToken, launchToken } = await on.authority.seedTokens(CALLER)
  expect(await on.claimsOf(adminToken, "admin")).toMatchObject({ sub: "admin" })
  expect(await on.authority.register(CALLER, on.request(launchToken))).toMatchObject({ expiresIn: 300 })
  const types = (await on.events()).map(({ event_type }) => event_type)
  expect(types).toEqual(["admin_auth", "admin_auth", "launch_token_issued", "agent_registered", "token_issued"])
})

describe("a bcrypt hash", () => {
  const hash = bcrypt.hashSync(SECRET, 4)

  test.each([
    [hash, true],
    [hash.replace("$2b$", "$2a$"), true],
    [hash.replace("$2b$", "$2y$"), true],
    [`${hash}x`, false],
    ["a secret", false],
  ])("%s: %s", (configured, expected) => {
    expect(isBcryptHash(configured)).toBe(expected)
  })

  test("admits the secret alone, also in the spelling of other programs", async () => {
    for (const prefix of ["$2a$", "$2b$", "$2y$"]) {
      const configured = hash.replace("$2b$", prefix)
      const secret = createAdminSecret(configured)
      expect(secret.clear).toBeUndefined()
      expect(await secret.check(SECRET, "10.0.0.1")).toBe("right")
      expect(await secret.check("wrong", "10.0.0.1")).toBe("wrong")
    }
  })

  // bcrypt ignores what follows 72 bytes or a NUL.
  test("refuses longer secrets that begin alike", async () => {
    const secret = createAdminSecret(bcrypt.hashSync("a".repeat(72), 4))
    expect(await secret.check("a".repeat(72), "10.0.0.1")).toBe("right")
    expect(await secret.check("a".repeat(73), "10.0.0.1")).toBe("wrong")
    expect(await createAdminSecret(hash).check(`${SECRET}\0`, "10.0.0.1")).toBe("wrong")
  })

  test("one source with many attempts is refused, and does not keep out another", async () => {
    const secret = createAdminSecret(hash)
    const flood = Array.from({ length: 10 }, () => secret.check("wrong", "10.0.0.1"))
    expect(await secret.check(SECRET, "10.0.0.2")).toBe("right")
    expect((await Promise.all(flood)).filter((verdict) => verdict === "busy")).toHaveLength(7)
  })
})

test("a sign-in that finds too many waiting is refused", async () => {
  let verdict: SecretVerdict = "right"
  await using on = await testAuthority({ adminSecret: { configured: SECRET, check: async () => verdict } })
  verdict = "busy"
  const refusal = { detail: "too many sign-ins are waiting to be checked", retryAfter: 1 }
  const attempt = () => on.authority.signInAdmin(CALLER, SECRET)
  await on.refused(attempt, { code: "rate_limited", ...refusal }, [{ event_type: "admin_auth_failed" }])
})
