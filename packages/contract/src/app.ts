import * as v from "valibot"
import {
  appId,
  appName,
  ceiling,
  documented,
  hex,
  instant,
  oneOf,
  scopeList,
  seconds,
  text,
  ttl,
  wholeNumber,
} from "./fields.ts"
import { message } from "./message.ts"
import { rule } from "./rule.ts"

/** The path parameters of `/v1/admin/apps/{id}`. */
export const appParameters = message({ id: documented(appId(), "The app's id, app-{name}-{6 hex characters}") })

const tokenTtl = documented(ttl(60, 86_400), "Seconds that its tokens live; default AA_APP_TOKEN_TTL")

/** The body of `POST /v1/admin/apps`. */
export const appCreationRequest = message({
  name: documented(appName(), "The app's name, which no other app may have had"),
  scopes: documented(ceiling(), "Its ceiling: the widest scope that its launch tokens may allow"),
  tokenTtl: v.exactOptional(tokenTtl),
})

/** The body of `PUT /v1/admin/apps/{id}`: what to change, at least one of the two. */
export const appUpdateRequest = v.pipe(
  message({
    scopes: v.exactOptional(documented(ceiling(), "The new ceiling, in force at once")),
    tokenTtl: v.exactOptional(tokenTtl),
  }),
  rule(({ scopes, tokenTtl }) => scopes !== undefined || tokenTtl !== undefined, {
    field: "scopes",
    message: "must be given, or token_ttl, or both: one of them is what to change",
    jsonSchema: { anyOf: [{ required: ["scopes"] }, { required: ["token_ttl"] }] },
  }),
)

const appFields = {
  appId: documented(appId(), "The app's id"),
  name: documented(text(), "The app's name"),
  clientId: documented(text(), "What it signs in with"),
  scopes: documented(scopeList(), "Its ceiling"),
  tokenTtl: documented(seconds(), "Seconds that its tokens live"),
  status: documented(oneOf("active", "inactive"), "Inactive: deregistered"),
  createdAt: documented(instant(), "When it was registered"),
  updatedAt: documented(instant(), "When it last changed"),
  deregisteredAt: v.exactOptional(documented(instant(), "When it was deregistered")),
} as const

/** An app, as `GET` and `PUT /v1/admin/apps/{id}` answer it. */
export const appResponse = message(appFields)

/** The answer to `POST /v1/admin/apps`: the app and its secret. */
export const appCreationResponse = message({
  ...appFields,
  clientSecret: documented(hex(64), "Shown this once"),
})

/** The answer to `GET /v1/admin/apps`: all apps, newest first, inactive ones too. */
export const appListResponse = message({
  apps: v.array(appResponse, "must be a list of apps"),
  total: documented(wholeNumber(), "How many there are"),
})

/** The answer to `DELETE /v1/admin/apps/{id}`, the first time and every other. */
export const appDeregistrationResponse = message({
  appId: documented(appId(), "The app's id"),
  status: v.literal("inactive", "must be inactive"),
  deregisteredAt: documented(instant(), "When it was deregistered"),
})
