import type { Jwk, JwkSet } from "@agentwrit/core"
import * as v from "valibot"
import { base64Url32 } from "./fields.ts"

/** A public signing key (RFC 8037). Its member names are JOSE's and are not converted. */
export const publicJwk: v.GenericSchema<Jwk> = v.looseObject({
  kty: v.literal("OKP"),
  crv: v.literal("Ed25519"),
  x: base64Url32("The key's 32 bytes"),
  kid: base64Url32("The key's RFC 7638 thumbprint"),
  use: v.literal("sig"),
  alg: v.literal("EdDSA"),
})

/** The answer to `GET /.well-known/jwks.json` (RFC 7517, section 5). */
export const jwkSetResponse: v.GenericSchema<JwkSet> = v.object({
  keys: v.pipe(v.array(publicJwk, "must be a list of keys"), v.description("The keys that verify the broker's tokens")),
})
