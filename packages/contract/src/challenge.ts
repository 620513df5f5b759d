import { documented, hex, seconds } from "./fields.ts"
import { message } from "./message.ts"

/** The answer to `GET /v1/challenge`. */
export const challengeResponse = message({
  nonce: documented(hex(64), "What a registration signs: the 32 bytes that this decodes to"),
  expiresIn: documented(seconds(), "For how many seconds it may be used, once"),
})
