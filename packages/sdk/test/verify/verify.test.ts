import { createHash, generateKeyPairSync, sign } from "node:crypto"
import { shareTestBroker, type TestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { startProxy } from "@agentwrit/testing/proxy"
import { delegationChain, revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { describe, expect, test, vi } from "vitest"
import { InsufficientScopeError, InvalidTokenError, requireScope, type Verifier } from "../../src/verify/index.ts"

let broker: TestBroker
let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ broker, url, admin } = shared)
})

const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")

async function readyVerifier(options: Partial<Parameters<typeof testVerifier>[0]> = {}): Promise<Verifier> {
  const verifier = testVerifier({ brokerUrl: url, ...options })
  await verifier.ready()
  return verifier
}

describe("a good token", () => {
  test("yields its deeply frozen claims, also with a new verifier", async () => {
    const { access_token, agent_id } = await agent(url, admin)
    const claims = await testVerifier({ brokerUrl: url }).verify(access_token)
    expect(claims).toEqual(tokenPart(access_token, 1))
    expect(claims).toMatchObject({ sub: agent_id, kind: "agent", scope: ["read:data:7"], task_id: "t-42" })
    expect([claims, claims.scope].every(Object.isFrozen)).toBe(true)
  })

  test("may be a delegated one, an app's or an operator's", async () => {
    const verifier = await readyVerifier()
    const { agents, tokens } = await delegationChain(url, admin, 3)
    const claims = await verifier.verify(tokens[3] ?? "")
    expect(claims.sub).toBe(agents[3])
    expect(claims.delegation_chain?.map((record) => record.agent)).toEqual(agents.slice(0, 3))
    expect([claims.delegation_chain, ...(claims.delegation_chain ?? [])].every(Object.isFrozen)).toBe(true)
    expect(await verdict(verifier, admin)).toBe("admin")
  })

  test("causes no call to the broker", async () => {
    await using proxy = await startProxy(url)
    const verifier = await readyVerifier({ brokerUrl: proxy.url })
    const before = proxy.seen.length
    const tokens = await Promise.all(Array.from({ length: 20 }, () => agent(url, admin)))
    for (const { access_token } of [...tokens, ...tokens]) await verifier.verify(access_token)
    expect(proxy.seen.slice(before)).toEqual([])
    expect(proxy.seen.toSorted()).toEqual(["GET /.well-known/jwks.json", "GET /v1/revocations?since=0"])
  })
})

describe("a token is refused", () => {
  test("for each fault, with its code, each time", async () => {
    const verifier = await readyVerifier()
    const { access_token } = await agent(url, admin)
    const [header = "", payload = "", signature = ""] = access_token.split(".")
    const good = tokenPart(access_token, 1)
    const head = tokenPart(access_token, 0)
    const { privateKey } = generateKeyPairSync("ed25519")
    const forged = sign(null, Buffer.from(`${header}.${payload}`), privateKey).toString("base64url")
    const made = (changes: object) => signedByBroker(broker, head, { ...good, ...changes })
    const now = Math.floor(Date.now() / 1000)
    const rows: [name: string, token: string, code: string][] = [
      ["empty", "", "malformed_token"],
      ["no token", "not a token", "malformed_token"],
      ["padded", `${access_token}=`, "malformed_token"],
      ["with a space", ` ${access_token}`, "malformed_token"],
      ["with a line break", `${access_token}\n`, "malformed_token"],
      ["with a fourth part", `${access_token}.`, "malformed_token"],
      ["huge", `${access_token}${"A".repeat(70_000)}`, "token_too_long"],
      ["unsigned", `${encode({ ...head, alg: "none" })}.${payload}.`, "wrong_header"],
      ["another member in its header", `${encode({ ...head, x: 1 })}.${payload}.${signature}`, "wrong_header"],
      [
        "the typ of the feed",
        signedByBroker(broker, { ...head, typ: "agentwrit-revocations+jwt" }, good),
        "wrong_header",
      ],
      ["signed by another", `${header}.${payload}.${forged}`, "bad_signature"],
      ["altered claims", `${header}.${encode({ ...good, scope: ["read:data:*"] })}.${signature}`, "bad_signature"],
      ["claims of the wrong shape", made({ scope: "read:data:7" }), "invalid_claims"],
      ["expired", made({ exp: now }), "token_expired"],
      ["not yet valid", made({ nbf: now + 86_400, exp: now + 90_000 }), "token_not_yet_valid"],
      ["half a chain", made({ chain_hash: "0".repeat(64) }), "invalid_claims"],
    ]
    for (const [name, token, code] of rows) {
      expect([name, await verdict(verifier, token)]).toEqual([name, code])
      expect([name, await verdict(verifier, token)]).toEqual([name, code])
    }
    expect(await verdict(verifier, access_token)).toBe(good.sub)
  })

  test("for a delegation chain with one false link", async () => {
    const verifier = await readyVerifier()
    const { tokens } = await delegationChain(url, admin, 2)
    const token = tokens[2] ?? ""
    const [head, claims] = [tokenPart(token, 0), tokenPart(token, 1)]
    const [first, second] = claims.delegation_chain
    // The RFC 8785 form of records: their members sorted.
    const hash = (chain: object[]) =>
      createHash("sha256")
        .update(JSON.stringify(chain.map((record) => Object.fromEntries(Object.entries(record).sort()))))
        .digest("hex")
    const made = (chain: object[], changes: object = {}) =>
      signedByBroker(broker, head, { ...claims, delegation_chain: chain, chain_hash: hash(chain), ...changes })
    expect(await verdict(verifier, made([first, second]))).toBe(claims.sub)
    const rows: [name: string, token: string, code: string][] = [
      ["wider than its delegator", made([first, second], { scope: ["write:data:7"] }), "scope_widened"],
      ["a link wider than the one before", made([{ ...first, scope: ["read:data:8"] }, second]), "scope_widened"],
      ["the first link left out", made([second]), "bad_delegation_signature"],
      ["the links changed round", made([second, first]), "bad_delegation_signature"],
      ["another delegator", made([{ ...first, agent: second.agent }, second]), "bad_delegation_signature"],
      ["another hash", made([first, second], { chain_hash: "0".repeat(64) }), "chain_hash_mismatch"],
      ["six links", made([first, first, first, first, first, first]), "delegation_too_deep"],
    ]
    for (const [name, bad, code] of rows) expect([name, await verdict(verifier, bad)]).toEqual([name, code])
  })

  test("for another issuer or audience", async () => {
    const { access_token } = await agent(url, admin)
    const [head, claims] = [tokenPart(access_token, 0), tokenPart(access_token, 1)]
    const made = (changes: object) => signedByBroker(broker, head, { ...claims, ...changes })
    const strict = await readyVerifier({ issuer: "https://issuer.example", audience: "crm" })
    const named = { iss: "https://issuer.example", aud: ["billing", "crm"] }
    // The claims in the order in which the broker writes them.
    expect(await verdict(strict, made(named))).toBe(claims.sub)
    expect(await verdict(strict, access_token)).toBe("issuer_mismatch")
    expect(await verdict(strict, made({ ...named, aud: ["billing"] }))).toBe("audience_mismatch")
    expect(await verdict(strict, made({ iss: named.iss }))).toBe("audience_mismatch")
    expect(await verdict(await readyVerifier({ issuer: "" }), access_token)).toBe(claims.sub)
    expect(await verdict(await readyVerifier({ issuer: "" }), made(named))).toBe("issuer_mismatch")
  })

  test("before its nbf by more than the tolerance of 5 s, and from its exp on, also from the cache", async () => {
    const verifiers = await Promise.all(
      [{}, { clockToleranceS: 0 }, { clockToleranceS: 10 }].map((more) =>
        readyVerifier({ revocation: "none", ...more }),
      ),
    )
    const { access_token } = await agent(url, admin)
    const { exp, nbf, sub } = tokenPart(access_token, 1)
    const early = "token_not_yet_valid"
    const late = "token_expired"
    // This clock against the broker's: the verdicts by default, strict, and with 10 s.
    const rows: [at: number, ...verdicts: string[]][] = [
      [nbf - 10.1, early, early, early],
      [nbf - 5.1, early, early, sub],
      [nbf - 5, sub, early, sub],
      [nbf - 0.25, sub, early, sub],
      [nbf, sub, sub, sub],
      [exp - 0.001, sub, sub, sub],
      [exp, late, late, late],
    ]
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      for (const [at, ...expected] of rows) {
        vi.setSystemTime(at * 1000)
        expect([at, ...(await Promise.all(verifiers.map((one) => verdict(one, access_token))))]).toEqual([
          at,
          ...expected,
        ])
      }
    } finally {
      vi.useRealTimers()
    }
  })
})

describe("a revoked token is refused", () => {
  async function refused(verifier: Verifier, token: string): Promise<void> {
    await expect.poll(() => verdict(verifier, token)).toBe("token_revoked")
  }

  test("by each of the four levels, also through a delegator in the middle of a chain", async () => {
    const verifier = await readyVerifier()
    const rows: [level: string, at: number, revoked: number[], good: number[]][] = [
      ["agent", 0, [0, 1, 2, 3], []],
      ["agent", 1, [1, 2, 3], [0]],
      ["agent", 3, [3], [0, 1, 2]],
      ["chain", 1, [2, 3], [0, 1]],
      ["chain", 0, [1, 2, 3], [0]],
      ["chain", 3, [], [0, 1, 2, 3]],
    ]
    for (const [level, at, revoked, good] of rows) {
      const { agents, tokens } = await delegationChain(url, admin, 3)
      for (const [i, token] of tokens.entries()) expect(await verdict(verifier, token)).toBe(agents[i])
      await revoke(url, admin, level, agents[at] ?? "")
      for (const i of revoked) await refused(verifier, tokens[i] ?? "")
      for (const i of good) expect(await verdict(verifier, tokens[i] ?? "")).toBe(agents[i])
    }
  })

  test("a chain entry leaves the delegator's own tokens alone, an agent entry does not", async () => {
    const verifier = await readyVerifier()
    const { agents, own } = await delegationChain(url, admin, 2)
    await revoke(url, admin, "chain", agents[1] ?? "")
    await revoke(url, admin, "agent", agents[2] ?? "")
    await refused(verifier, own[2] ?? "")
    expect(await verdict(verifier, own[1] ?? "")).toBe(agents[1])
  })

  test("by task, by id, by a release and by a renewal", async () => {
    const verifier = await readyVerifier()
    const task = `t-${crypto.randomUUID()}`
    const [ofTask, listed, released, renewed] = await Promise.all([
      agent(url, admin, { task_id: task }),
      ...[1, 2, 3].map(() => agent(url, admin)),
    ])
    for (const one of [ofTask, listed, released, renewed])
      expect(await verdict(verifier, one?.access_token ?? "")).toBe(one?.agent_id)
    await revoke(url, admin, "task", task)
    await refused(verifier, ofTask?.access_token ?? "")
    await revoke(url, admin, "token", tokenPart(listed?.access_token ?? "", 1).jti)
    await refused(verifier, listed?.access_token ?? "")
    await call(url, "POST /v1/token/release", { bearer: released?.access_token ?? "" })
    await refused(verifier, released?.access_token ?? "")
    const { body } = await call(url, "POST /v1/token/renew", { bearer: renewed?.access_token ?? "" })
    await refused(verifier, renewed?.access_token ?? "")
    expect(await verdict(verifier, body.access_token)).toBe(renewed?.agent_id)
  })

  test("also when it was not seen before, or the verifier started later", async () => {
    const verifier = await readyVerifier()
    const { access_token, agent_id } = await agent(url, admin)
    await revoke(url, admin, "agent", agent_id)
    await refused(verifier, access_token)
    expect(await verdict(testVerifier({ brokerUrl: url }), access_token)).toBe("token_revoked")
  })
})

test("errors tell the operator the reason, and the client nothing", async () => {
  const verifier = await readyVerifier()
  const { access_token, agent_id } = await agent(url, admin)
  await revoke(url, admin, "agent", agent_id)
  await expect.poll(() => verdict(verifier, access_token)).toBe("token_revoked")
  const error = await verifier.verify(access_token).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(InvalidTokenError)
  expect(error).toMatchObject({
    status: 401,
    message: `token is revoked at level agent: ${agent_id}`,
    clientDetail: "token is invalid or expired",
  })
  const expired = await verifier.verify("a.b.c").catch((error: unknown) => error)
  expect(expired).toMatchObject({ status: 401, clientDetail: "token is invalid or expired" })
})

test("requireScope follows the contract's rules and names the missing scope", async () => {
  const claims = { scope: ["read:data:*", "write:data:7"] }
  for (const scope of ["read:data:1", "read:data:*", "write:data:7", ["read:data:2", "write:data:7"]])
    expect(() => requireScope(claims, scope)).not.toThrow()
  for (const scope of ["write:data:*", "write:data:70", "read:files:1", "READ:data:1", ["read:data:1", "write:data:8"]])
    expect(() => requireScope(claims, scope)).toThrow(InsufficientScopeError)
  expect(() => requireScope(claims, ["read:data:1", "write:data:8"])).toThrow(
    expect.objectContaining({
      code: "insufficient_scope",
      status: 403,
      missing: ["write:data:8"],
      hint: "missing: write:data:8; nearest held: write:data:7",
    }),
  )
  for (const scope of ["", "read", "read:data", "*:data:1", "read:data:1 write:data:7", ["x"]])
    expect(() => requireScope(claims, scope)).toThrow(TypeError)
})
