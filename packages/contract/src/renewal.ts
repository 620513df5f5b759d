import { message } from "./message.ts"
import { tokenFields } from "./token-answer.ts"

/** The answer to `POST /v1/token/renew`, which takes no body. */
export const renewalResponse = message(tokenFields)
