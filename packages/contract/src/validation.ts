import * as v from "valibot"
import { claims } from "./claims.ts"
import { documented, text } from "./fields.ts"
import { message } from "./message.ts"
import { variant } from "./variant.ts"

/** The body of `POST /v1/token/validate`. */
export const validationRequest = message({
  token: documented(text(), "The token to judge, a compact JWS"),
})

/** The answer about a good token. */
export const validTokenResponse = message({
  valid: v.literal(true, "must be true"),
  claims,
})

/** The answer about any other token: it never says why. */
export const invalidTokenResponse = message({
  valid: v.literal(false, "must be false"),
  error: documented(v.literal("token is invalid or expired", "must be the documented text"), "Always the same text"),
})

/** The answer to `POST /v1/token/validate`. */
export const validationResponse = variant("valid", [validTokenResponse, invalidTokenResponse], "must be true or false")
