import * as v from "valibot"
import { documented } from "./fields.ts"
import { message } from "./message.ts"
import { tokenFields, tokenType } from "./token-answer.ts"

/** The body of `POST /v1/admin/auth`. */
export const adminSignInRequest = message({
  secret: documented(
    v.string('must be the admin secret as a string: send {"secret": "…"} ({client_id, client_secret} is retired here)'),
    "The admin secret",
  ),
})

/** The answer to `POST /v1/admin/auth`. */
export const adminSignInResponse = message({ ...tokenFields, tokenType })
