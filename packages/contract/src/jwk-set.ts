import type { Jwk, JwkSet } from "@agentwrit/core"
import * as v from "valibot"
import { documented, patterned } from "./fields.ts"

const thirtyTwoBytes = patterned(/^[A-Za-z0-9_-]{43}$/, "must be base64url of 32 bytes")

/** A public signing key (RFC 8037). Its names are JOSE's and stay as they are. */
export const publicJwk: v.GenericSchema<Jwk> = v.looseObject({
  kty: v.literal("OKP"),
  crv: v.literal("Ed25519"),
  x: documented(thirtyTwoBytes, "The key's 32 bytes"),
  kid: documented(thirtyTwoBytes, "The key's RFC 7638 thumbprint"),
  use: v.literal("sig"),
  alg: v.literal("EdDSA"),
})

/** The answer to `GET /.well-known/jwks.json` (RFC 7517, section 5). */
export const jwkSetResponse: v.GenericSchema<JwkSet> = v.object({
  keys: documented(v.array(publicJwk, "must be a list of keys"), "The keys that verify the broker's tokens"),
})
