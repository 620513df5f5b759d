import { createPublicKey, generateKeyPair, type KeyObject } from "node:crypto"
import { promisify } from "node:util"
import { createSigningKey, type Jwk, keyIdOfJwk, type SigningKey, toJwk } from "@agentwrit/core"
import type { KeyAlgorithm, NativeKey, OAuthKey } from "../ports/key-custody.ts"

/** The bits of an RSA key (NIST SP 800-57: good beyond 2030). */
const RSA_BITS = 3072

/** The seed stands at the end of an Ed25519 key in PKCS#8 DER (RFC 8410 section 7). */
const SEED_BYTES = 32

// Not on this thread: an RSA key takes a good part of a second.
const generate = promisify(generateKeyPair)

/** A new private key. */
export async function newPrivateKey(alg: KeyAlgorithm): Promise<KeyObject> {
  switch (alg) {
    case "EdDSA":
      return (await generate("ed25519")).privateKey
    case "ES256":
      return (await generate("ec", { namedCurve: "P-256" })).privateKey
    case "RS256":
      return (await generate("rsa", { modulusLength: RSA_BITS })).privateKey
  }
}

/** The algorithm of a private key; `undefined` for a kind that never signs here. */
export function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyAlgorithm | undefined {
  if (asymmetricKeyType === "ed25519") return "EdDSA"
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") return "ES256"
  return asymmetricKeyType === "rsa" ? "RS256" : undefined
}

/** The signing key of an Ed25519 private key. The copy of its seed is overwritten. */
export function signingKeyOf(key: KeyObject): SigningKey {
  const der = key.export({ type: "pkcs8", format: "der" })
  try {
    return createSigningKey(der.subarray(-SEED_BYTES))
  } finally {
    der.fill(0)
  }
}

/** A native key as custody holds it. */
export function nativeKey(key: SigningKey, createdAt: number): NativeKey {
  return { keyId: key.keyId, jwk: toJwk(key), key, createdAt }
}

/** A key of the OAuth face as custody holds it. */
export function oauthKey(key: KeyObject, createdAt: number): OAuthKey {
  const { kty, crv, x, y, n, e } = createPublicKey(key).export({ format: "jwk" })
  const members = kty === "EC" ? { kty, crv, x, y } : { kty, n, e }
  const keyId = keyIdOfJwk(members)
  // Node's own export of a key of one of these two kinds.
  const jwk = { ...members, kid: keyId, use: "sig", alg: algorithmOf(key) } as Exclude<Jwk, { kty: "OKP" }>
  return { keyId, jwk, key, createdAt }
}
