import { documented, MAX_CLIENT_ID, scopeList, string, text } from "./fields.ts"
import { message } from "./message.ts"
import { tokenFields, tokenType } from "./token-answer.ts"

/** The body of `POST /v1/app/auth`. */
export const appSignInRequest = message({
  clientId: documented(
    string((value) => value.length <= MAX_CLIENT_ID, `must be a string of at most ${MAX_CLIENT_ID} characters`, {
      maxLength: MAX_CLIENT_ID,
    }),
    "The app's client id",
  ),
  clientSecret: documented(text(), "The app's client secret"),
})

/** The answer to `POST /v1/app/auth`. */
export const appSignInResponse = message({
  ...tokenFields,
  tokenType,
  scopes: documented(scopeList(), "What the token allows"),
})
