import * as v from "valibot"
import { flag, hex, seconds } from "./fields.ts"
import { message } from "./message.ts"

/** The answer to `GET /v1/challenge`. */
export const challengeResponse = message({
  nonce: hex("A registration signs the 32 bytes that this decodes to", 64),
  expires_in: seconds("For how many seconds it can be used, once"),
  bound: v.exactOptional(flag("Whether a registration can ask for tokens that are bound to its key (RFC 9449)")),
})
