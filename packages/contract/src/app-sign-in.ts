import { characters, MAX_CLIENT_ID, scopeList, text } from "./fields.ts"
import { message } from "./message.ts"
import { tokenFields, tokenType } from "./token-answer.ts"

/** The body of `POST /v1/app/auth`. */
export const appSignInRequest = message({
  client_id: characters("The app's client id", 0, MAX_CLIENT_ID),
  client_secret: text("The app's client secret"),
})

/** The answer to `POST /v1/app/auth`. */
export const appSignInResponse = message({
  ...tokenFields,
  token_type: tokenType,
  scopes: scopeList("What the token allows"),
})
