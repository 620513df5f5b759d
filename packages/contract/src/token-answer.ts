import * as v from "valibot"
import { documented, seconds, text } from "./fields.ts"

/** The fields of every answer that hands out a token. */
export const tokenFields = {
  accessToken: documented(text(), "The token, a compact JWS; it travels as Authorization: Bearer"),
  expiresIn: documented(seconds(), "For how many seconds it is valid"),
} as const

/** The one kind of token (RFC 6750). */
export const tokenType = documented(v.literal("Bearer", "must be Bearer"), "How the token travels")
