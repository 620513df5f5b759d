import * as v from "valibot"
import { seconds, text } from "./fields.ts"

/** The fields of every answer that issues a token. */
export const tokenFields = {
  access_token: text("The token, a compact JWS; send it as Authorization: Bearer"),
  expires_in: seconds("For how many seconds it is valid"),
} as const

/** The one type of token (RFC 6750). */
export const tokenType = v.pipe(v.literal("Bearer", "must be Bearer"), v.description("The authentication scheme"))
