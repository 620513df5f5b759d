import { createVerifyingKey, type VerifyingKey } from "./ed25519.ts"
import { decodeBase64Url, encodeBase64Url } from "./encoding.ts"
import { CoreError, KeyError } from "./errors.ts"

/** The public half of a key that signs native tokens (RFC 7517, RFC 8037 section 2). */
export interface Ed25519Jwk {
  readonly kty: "OKP"
  readonly crv: "Ed25519"
  /** The public key, base64url. */
  readonly x: string
  /** RFC 7638 thumbprint. */
  readonly kid: string
  readonly use: "sig"
  readonly alg: "EdDSA"
}

/** The public half of an `ES256` key (RFC 7518 section 6.2). */
export interface EcJwk {
  readonly kty: "EC"
  readonly crv: "P-256"
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly use: "sig"
  readonly alg: "ES256"
}

/** The public half of an `RS256` key (RFC 7518 section 6.3). */
export interface RsaJwk {
  readonly kty: "RSA"
  readonly n: string
  readonly e: string
  readonly kid: string
  readonly use: "sig"
  readonly alg: "RS256"
}

/** A public key as the broker publishes it. Its `kid` is its RFC 7638 thumbprint. */
export type Jwk = Ed25519Jwk | EcJwk | RsaJwk

/** A set of public keys (RFC 7517 section 5). */
export interface JwkSet {
  readonly keys: readonly Jwk[]
}

/** The members that the parsers read. */
type Member = "keys" | "kty" | "crv" | "x" | "kid" | "use" | "alg" | "key_ops"

/** The JWK of a key. For a signing key it holds only the public half. */
export function toJwk(key: VerifyingKey): Ed25519Jwk {
  return { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(key.publicKey), kid: key.keyId, use: "sig", alg: "EdDSA" }
}

/** A JWK set of Ed25519 keys, as in `/.well-known/jwks.json`. */
export function toJwkSet(keys: readonly VerifyingKey[]): JwkSet {
  return { keys: keys.map(toJwk) }
}

/**
 * Parses the JWK of an Ed25519 verifying key. `kid`, `use`, `alg` and `key_ops` may be absent; present ones must fit
 * such a key.
 * @throws {@link KeyError} `invalid_jwk`: another kind of key, a private member `d` (a published private key is
 * compromised), a `kid` that is not the thumbprint, or an `x` that is not base64url; `invalid_public_key` as in {@link
 * createVerifyingKey}.
 */
export function parseJwk(value: unknown): VerifyingKey {
  if (!isObject(value)) throw invalid("is not a JSON object")
  if (value.kty !== "OKP" || value.crv !== "Ed25519") throw invalid("is not an OKP key on Ed25519")
  if (Object.hasOwn(value, "d"))
    throw invalid("has the private member d: never publish a private key, and replace this one")
  if (!isAbsentOr(value.use, "sig")) throw invalid('has a use other than "sig"')
  if (!isAbsentOr(value.alg, "EdDSA")) throw invalid('has an alg other than "EdDSA"')
  const operations = value.key_ops
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    throw invalid('has key_ops without "verify"')
  }
  const key = createVerifyingKey(decodeX(value.x))
  if (!isAbsentOr(value.kid, key.keyId)) throw invalid(`has a kid that is not its RFC 7638 thumbprint ${key.keyId}`)
  return key
}

/**
 * Parses a JWK set. Keys with another `kty`, `crv`, `use` or `alg` than ours are skipped, as RFC 7517 section 5
 * advises.
 * @throws {@link KeyError} `invalid_jwk` when it is not a set, holds a key twice, or holds an Ed25519 key that {@link
 * parseJwk} refuses.
 */
export function parseJwkSet(value: unknown): VerifyingKey[] {
  const members = isObject(value) ? value.keys : undefined
  if (!Array.isArray(members)) throw invalid("set is not a JSON object with an array of keys")
  const keys = new Map<string, VerifyingKey>()
  for (const member of members as unknown[]) {
    if (!isOurs(member)) continue
    const key = parseJwk(member)
    if (keys.has(key.keyId)) throw invalid(`set holds the key ${key.keyId} twice`)
    keys.set(key.keyId, key)
  }
  return [...keys.values()]
}

function isOurs(member: unknown): boolean {
  if (!isObject(member)) throw invalid("set holds something that is not a JSON object")
  return (
    member.kty === "OKP" && member.crv === "Ed25519" && isAbsentOr(member.use, "sig") && isAbsentOr(member.alg, "EdDSA")
  )
}

function decodeX(x: unknown): Uint8Array {
  if (typeof x !== "string") throw invalid("has no x")
  try {
    return decodeBase64Url(x)
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause
    throw new KeyError("invalid_jwk", "JWK has an x that is not base64url without padding", { cause })
  }
}

function isObject(value: unknown): value is Readonly<Partial<Record<Member, unknown>>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isAbsentOr(value: unknown, expected: string): boolean {
  return value === undefined || value === expected
}

function invalid(fault: string): KeyError {
  return new KeyError("invalid_jwk", `JWK ${fault}`)
}
