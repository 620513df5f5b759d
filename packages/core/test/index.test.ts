import { describe, expect, it } from "vitest"
import * as core from "../src/index.ts"

it("exports these names and no others", () => {
  expect(Object.keys(core).sort()).toEqual(
    [
      [
        "AgentIdError",
        "ClaimsError",
        "CoreError",
        "DelegationError",
        "EncodingError",
        "KeyError",
        "ProofError",
        "ScopeError",
        "TokenError",
        "TtlError",
      ],
      [
        "MAX_AGENT_ID_LENGTH",
        "MAX_DELEGATION_DEPTH",
        "MAX_JWS_LENGTH",
        "MAX_SCOPE_LENGTH",
        "MAX_TOKEN_LENGTH",
        "TOKEN_TYPE",
      ],
      ["exceedingScopes", "isReservedScope", "isScope", "nearestScope", "parseScope", "scopeCovers", "scopesWithin"],
      ["formatAgentId", "isAgentId", "isPathSegment", "isTrustDomain", "parseAgentId"],
      [
        "decodeBase64",
        "decodeBase64Url",
        "decodeHex",
        "decodeUtf8",
        "encodeBase64",
        "encodeBase64Url",
        "encodeHex",
        "encodeUtf8",
      ],
      ["canonicalJson", "sha256", "createSigningKey", "createVerifyingKey", "keyIdOf", "keyIdOfJwk", "createKeyRing"],
      ["parseJwk", "parseJwkSet", "toJwk", "toJwkSet", "signCompact", "verifyCompact"],
      ["checkClaims", "parseClaims", "decodeToken", "signToken", "signingKeyIds", "verifyToken", "clampTtl"],
      ["chainHash", "extendChain", "verifyDelegation"],
      ["PROOF_TYPE", "PROOF_WINDOW_S", "ProofMemory", "createProof", "verifyProof"],
      ["RevocationSet", "findRevocation", "revocationDigest", "revocationProbe", "revocationTargets"],
      ["REVOCATION_LEVELS", "REVOKE_ALL_TARGET", "hasCutoff", "appIdOf", "appSubject", "isAppId"],
      ["isLoopbackUrl"],
      ["FEED_FRESHNESS_S", "MAX_FEED_ENTRIES", "REVOCATION_FEED_TYPE"],
    ]
      .flat()
      .sort(),
  )
})

describe("errors", () => {
  it.each([
    [new core.ScopeError("invalid_scope", "m"), "ScopeError"],
    [new core.AgentIdError("invalid_agent_id", "m"), "AgentIdError"],
    [new core.EncodingError("invalid_hex", "m"), "EncodingError"],
    [new core.KeyError("invalid_jwk", "m"), "KeyError"],
    [new core.TokenError("bad_signature", "m"), "TokenError"],
    [new core.ClaimsError("token_expired", "m"), "ClaimsError"],
    [new core.DelegationError("scope_widened", "m"), "DelegationError"],
    [new core.ProofError("proof_replayed", "m"), "ProofError"],
    [new core.TtlError("invalid_ttl", "m"), "TtlError"],
  ])("%s is a CoreError under its own name", (error, name) => {
    expect(error).toBeInstanceOf(core.CoreError)
    expect(String(error)).toBe(`${name}: m`)
  })

  it("keep what caused them", () => {
    const cause = new Error("first")
    expect(new core.CoreError("invalid_hex", "m", { cause }).cause).toBe(cause)
  })
})
