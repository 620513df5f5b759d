export {
  type AgentId,
  formatAgentId,
  isAgentId,
  isPathSegment,
  isTrustDomain,
  MAX_AGENT_ID_LENGTH,
  parseAgentId,
} from "./agent-id.ts"
export { appIdOf, appSubject, isAppId } from "./app-id.ts"
export { canonicalJson, type JsonObject, type JsonValue } from "./canonical-json.ts"
export {
  type Claims,
  type ClaimsExpectations,
  type Confirmation,
  checkClaims,
  parseClaims,
  type TokenKind,
} from "./claims.ts"
export { chainHash, type DelegationStep, extendChain, verifyDelegation } from "./delegation.ts"
export { type DelegationRecord, MAX_DELEGATION_DEPTH } from "./delegation-record.ts"
export {
  createProof,
  PROOF_TYPE,
  PROOF_WINDOW_S,
  type ProofContents,
  type ProofExpectations,
  type ProofHeader,
  type ProofKey,
  type ProvenRequest,
  type VerifiedProof,
  verifyProof,
} from "./dpop-proof.ts"
export { createSigningKey, createVerifyingKey, type SigningKey, type VerifyingKey } from "./ed25519.ts"
export {
  decodeBase64,
  decodeBase64Url,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeBase64Url,
  encodeHex,
  encodeUtf8,
} from "./encoding.ts"
export {
  AgentIdError,
  type AgentIdErrorCode,
  ClaimsError,
  type ClaimsErrorCode,
  CoreError,
  type CoreErrorCode,
  DelegationError,
  type DelegationErrorCode,
  EncodingError,
  type EncodingErrorCode,
  KeyError,
  type KeyErrorCode,
  ProofError,
  type ProofErrorCode,
  ScopeError,
  type ScopeErrorCode,
  TokenError,
  type TokenErrorCode,
  TtlError,
  type TtlErrorCode,
} from "./errors.ts"
export {
  type EcJwk,
  type Ed25519Jwk,
  type Jwk,
  type JwkSet,
  parseJwk,
  parseJwkSet,
  type RsaJwk,
  toJwk,
  toJwkSet,
} from "./jwk.ts"
export { type FindKey, MAX_JWS_LENGTH, signCompact, type VerifiedJws, verifyCompact } from "./jws.ts"
export { keyIdOf, keyIdOfJwk } from "./key-id.ts"
export { createKeyRing, type KeyRing, type KeyRingOptions } from "./key-ring.ts"
export { isLoopbackUrl } from "./loopback.ts"
export { ProofMemory } from "./proof-memory.ts"
export {
  findRevocation,
  hasCutoff,
  type KnownRevocations,
  REVOCATION_LEVELS,
  REVOKE_ALL_TARGET,
  type RevocationLevel,
  type RevocationProbe,
  type RevocationTarget,
  revocationDigest,
  revocationProbe,
  revocationTargets,
} from "./revocation.ts"
export {
  FEED_FRESHNESS_S,
  MAX_FEED_ENTRIES,
  REVOCATION_FEED_TYPE,
  type RevocationFeed,
  type RevocationFeedEntry,
} from "./revocation-feed.ts"
export { RevocationSet, type RevocationSetEntry } from "./revocation-set.ts"
export {
  exceedingScopes,
  isReservedScope,
  isScope,
  MAX_SCOPE_LENGTH,
  nearestScope,
  parseScope,
  type Scope,
  scopeCovers,
  scopesWithin,
} from "./scope.ts"
export { sha256 } from "./sha256.ts"
export {
  type DecodedToken,
  decodeToken,
  MAX_TOKEN_LENGTH,
  signingKeyIds,
  signToken,
  TOKEN_TYPE,
  type TokenHeader,
  type VerifiedToken,
  verifyToken,
} from "./token.ts"
export { clampTtl, type TtlTerms } from "./ttl.ts"
