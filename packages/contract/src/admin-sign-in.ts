import * as v from "valibot"
import { message } from "./message.ts"
import { tokenFields, tokenType } from "./token-answer.ts"

/** The body of `POST /v1/admin/auth`. */
export const adminSignInRequest = message({
  secret: v.pipe(
    v.string('must be the admin secret as a string: send {"secret": "…"} ({client_id, client_secret} is retired here)'),
    v.description("The admin secret"),
  ),
})

/** The answer to `POST /v1/admin/auth`. */
export const adminSignInResponse = message({ ...tokenFields, token_type: tokenType })
