import * as v from "valibot"
import { appId, appName, ceiling, hex, instant, oneOf, scopeList, seconds, text, ttl, wholeNumber } from "./fields.ts"
import { camelCased, message, wireObject } from "./message.ts"

/** The path parameters of `/v1/admin/apps/{id}`. */
export const appParameters = message({ id: appId("The app's id, app-{name}-{6 hex characters}") })

const tokenTtl = ttl("How long its tokens live, in seconds; default AA_APP_TOKEN_TTL", 60, 86_400)

/** The body of `POST /v1/admin/apps`. */
export const appCreationRequest = message({
  name: appName("The app's name, which no other app may have had"),
  scopes: ceiling("Its ceiling: the widest scope that its launch tokens may allow"),
  token_ttl: v.exactOptional(tokenTtl),
})

/** The body of `PUT /v1/admin/apps/{id}`: what to change, at least one of the two. */
export const appUpdateRequest = camelCased(
  v.pipe(
    wireObject({
      scopes: v.exactOptional(ceiling("The new ceiling, in force at once")),
      token_ttl: v.exactOptional(tokenTtl),
    }),
    v.forward(
      v.check(
        ({ scopes, token_ttl }) => scopes !== undefined || token_ttl !== undefined,
        "must be given, or token_ttl, or both: one of them is what to change",
      ),
      ["scopes"],
    ),
    v.metadata({ anyOf: [{ required: ["scopes"] }, { required: ["token_ttl"] }] }),
  ),
)

const appFields = {
  app_id: appId("The app's id"),
  name: text("The app's name"),
  client_id: text("The id with which it signs in"),
  scopes: scopeList("Its ceiling"),
  token_ttl: seconds("How long its tokens live, in seconds"),
  status: oneOf("Inactive when deregistered", ["active", "inactive"]),
  created_at: instant("When it was registered"),
  updated_at: instant("When it last changed"),
  deregistered_at: v.exactOptional(instant("When it was deregistered")),
} as const

/** An app, as `GET` and `PUT /v1/admin/apps/{id}` answer it. */
export const appResponse = message(appFields)

/** The answer to `POST /v1/admin/apps`: the app and its secret. */
export const appCreationResponse = message({
  ...appFields,
  client_secret: hex("Shown only this once", 64),
})

/** The answer to `GET /v1/admin/apps`: all apps, newest first, including inactive ones. */
export const appListResponse = message({
  apps: v.array(appResponse, "must be a list of apps"),
  total: wholeNumber("The number of apps"),
})

/** The answer to `DELETE /v1/admin/apps/{id}`, also when it is repeated. */
export const appDeregistrationResponse = message({
  app_id: appId("The app's id"),
  status: v.literal("inactive", "must be inactive"),
  deregistered_at: instant("When it was deregistered"),
})
