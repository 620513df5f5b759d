import { characters, documented, MAX_CLIENT_ID, scopeList, text } from "./fields.ts"
import { message } from "./message.ts"
import { tokenFields, tokenType } from "./token-answer.ts"

/** The body of `POST /v1/app/auth`. */
export const appSignInRequest = message({
  clientId: documented(characters(0, MAX_CLIENT_ID), "The app's client id"),
  clientSecret: documented(text(), "The app's client secret"),
})

/** The answer to `POST /v1/app/auth`. */
export const appSignInResponse = message({
  ...tokenFields,
  tokenType,
  scopes: documented(scopeList(), "What the token allows"),
})
