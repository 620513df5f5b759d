import * as v from "valibot"
import {
  appId,
  appName,
  ceiling,
  hex,
  instant,
  listOf,
  oneOf,
  pathSegment,
  scopeList,
  seconds,
  text,
  ttl,
  wholeNumber,
} from "./fields.ts"
import { camelCased, message, wireObject } from "./message.ts"

/** The path parameters of `/v1/admin/apps/{id}`. */
export const appParameters = message({ id: appId("The app's id, app-{name}-{6 hex characters}") })

const tokenTtl = ttl("How long its tokens live, in seconds; default AA_APP_TOKEN_TTL", 60, 86_400)

/** What an app's tokens are for; each role adds its scopes (CONTRACT 3, "apps"). */
export const APP_ROLES = ["launcher", "verifier", "gateway"] as const

/** How many orchestrations an app may have for itself. */
const MAX_ORCH_IDS = 64

const orchId = pathSegment("An orchestration's id")
const role: v.GenericSchema<(typeof APP_ROLES)[number]> = oneOf("A role", APP_ROLES)
const ROLES_MESSAGE = `must be a list of one or more of ${APP_ROLES.join(", ")}`
const roles = v.pipe(
  v.array(role, ROLES_MESSAGE),
  v.minLength(1, ROLES_MESSAGE),
  v.maxLength(APP_ROLES.length, ROLES_MESSAGE),
  v.description("What its tokens are for: launch agents, follow a closed revocation feed, report uses"),
)

/** The body of `POST /v1/admin/apps`. */
export const appCreationRequest = message({
  name: appName("The app's name, which no other app may have had"),
  scopes: ceiling("Its ceiling: the widest scope that its launch tokens may allow"),
  token_ttl: v.exactOptional(tokenTtl),
  orch_ids: v.exactOptional(
    listOf("Orchestrations that are this app's alone: no other app's agents register there", orchId, 0, MAX_ORCH_IDS),
  ),
  roles: v.exactOptional(roles, ["launcher"]),
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
    v.metadata({ anyOf: [given("scopes"), given("token_ttl")] }),
  ),
)

/** The JSON Schema of a member that is neither absent nor null. */
function given(name: string): object {
  return { required: [name], properties: { [name]: { not: { type: "null" } } } }
}

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
  orch_ids: v.exactOptional(listOf("Orchestrations that are its alone; absent: none", orchId, 1, MAX_ORCH_IDS)),
  roles: v.exactOptional(v.array(role, ROLES_MESSAGE)),
  revoked_at: v.exactOptional(instant("When it was revoked (level app); absent: it is not")),
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

/** The query of `DELETE /v1/admin/apps/{id}`. */
export const appDeregistrationQuery = message({
  revoke: v.exactOptional(
    oneOf("true also ends its agents and all that they delegated (level app)", ["true", "false"]),
  ),
})

const MAX_GRACE_SECONDS = 7 * 86_400

/** The body of `POST /v1/admin/apps/{id}/secret`, which may be absent. */
export const secretRotationRequest = message({
  grace: v.exactOptional(
    wholeNumber("Seconds for which the old secret stays valid, 0 to end it now; default 86400", 0, MAX_GRACE_SECONDS),
  ),
})

/** The answer to `POST /v1/admin/apps/{id}/secret`. */
export const secretRotationResponse = message({
  app_id: appId("The app's id"),
  client_secret: hex("The new secret, shown only this once", 64),
  previous_valid_until: instant("When the old secret ends"),
})
