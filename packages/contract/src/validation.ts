import * as v from "valibot"
import { claims } from "./claims.ts"
import { text } from "./fields.ts"
import { message } from "./message.ts"

/** The body of `POST /v1/token/validate`. */
export const validationRequest = message({ token: text("The token to check, a compact JWS") })

/** The answer for a good token. */
export const validTokenResponse = message({ valid: v.literal(true, "must be true"), claims })

/** The answer for any other token. It never says why. */
export const invalidTokenResponse = message({
  valid: v.literal(false, "must be false"),
  error: v.pipe(
    v.literal("token is invalid or expired", "must be the documented text"),
    v.description("Always the same text"),
  ),
})

/** The answer to `POST /v1/token/validate`. */
export const validationResponse = v.variant(
  "valid",
  [validTokenResponse, invalidTokenResponse],
  "must be true or false",
)
