import type { EcJwk, Ed25519Jwk, Jwk, JwkSet, RsaJwk } from "@agentwrit/core"
import * as v from "valibot"
import { base64Url32 } from "./fields.ts"

const kid = base64Url32("The key's RFC 7638 thumbprint")
const base64Url = (description: string) =>
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/, "must be base64url"), v.description(description))

const ed25519Jwk: v.GenericSchema<Ed25519Jwk> = v.looseObject({
  kty: v.literal("OKP"),
  crv: v.literal("Ed25519"),
  x: base64Url32("The key's 32 bytes"),
  kid,
  use: v.literal("sig"),
  alg: v.literal("EdDSA"),
})

const ecJwk: v.GenericSchema<EcJwk> = v.looseObject({
  kty: v.literal("EC"),
  crv: v.literal("P-256"),
  x: base64Url32("The point's x"),
  y: base64Url32("The point's y"),
  kid,
  use: v.literal("sig"),
  alg: v.literal("ES256"),
})

const rsaJwk: v.GenericSchema<RsaJwk> = v.looseObject({
  kty: v.literal("RSA"),
  n: base64Url("The modulus"),
  e: base64Url("The exponent"),
  kid,
  use: v.literal("sig"),
  alg: v.literal("RS256"),
})

/** A public signing key (RFC 7518, RFC 8037). Its member names are JOSE's and are not converted. */
export const publicJwk: v.GenericSchema<Jwk> = v.union([ed25519Jwk, ecJwk, rsaJwk], "must be a public signing key")

/** The answer to `GET /.well-known/jwks.json` (RFC 7517, section 5). */
export const jwkSetResponse: v.GenericSchema<JwkSet> = v.object({
  keys: v.pipe(v.array(publicJwk, "must be a list of keys"), v.description("The keys that verify the broker's tokens")),
})
