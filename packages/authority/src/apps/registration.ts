import { randomBytes } from "node:crypto"
import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { App, AppRole } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { type AppView, DEFAULT_ROLES, describeApp, hashClientSecret, viewOf } from "./app.ts"
import { newClientSecret } from "./secret.ts"

/** The new app (CONTRACT 3, "apps"). */
export interface AppCreationRequest {
  readonly name: string
  /** The ceiling. */
  readonly scopes: readonly string[]
  /** Lifetime of the app's tokens, in seconds. Default: the operator's setting. */
  readonly tokenTtl?: number
  /** Orchestrations that are this app's alone. Default: none. */
  readonly orchIds?: readonly string[]
  /** What its tokens are for. Default: to launch agents. */
  readonly roles?: readonly AppRole[]
}

/** A new app with its secret, which is shown only here. */
export interface CreatedApp extends AppView {
  readonly clientSecret: string
}

/** Characters of the name that a client id begins with. */
const CLIENT_ID_PREFIX_LENGTH = 8

/** Registers an app with its ceiling (CONTRACT 3, `POST /v1/admin/apps`). */
export async function createApp(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  request: AppCreationRequest,
): Promise<CreatedApp> {
  const { name, scopes, tokenTtl = context.settings.appTokenTtl, orchIds = [], roles = DEFAULT_ROLES } = request
  const now = context.clock.now()
  const clientSecret = newClientSecret()
  const app: App = {
    appId: `app-${name}-${randomBytes(3).toString("hex")}`,
    name,
    clientId: `${name.slice(0, CLIENT_ID_PREFIX_LENGTH).replace(/-$/, "")}-${randomBytes(6).toString("hex")}`,
    secretHash: hashClientSecret(clientSecret).toString("hex"),
    scopes,
    tokenTtl,
    orchIds: [...new Set(orchIds)],
    roles: [...new Set(roles)],
    createdAt: now,
    updatedAt: now,
    revision: 1,
  }
  const detail = `${app.appId} registered: ${describeApp(app)}`
  await commit(
    context,
    {
      writes: [{ type: "add_app", app }],
      events: [successEvent("app_registered", caller, subjectOf(operator), detail)],
    },
    { app_name_taken: () => nameTaken(name), orch_id_taken: () => orchIdTaken(orchIds) },
  )
  return { ...viewOf(app), clientSecret }
}

const nameTaken = (name: string): Refusal =>
  new Refusal("conflict", {
    detail: `an app named ${name} exists`,
    hint: "choose another name: a deregistered app keeps its own",
  })

const orchIdTaken = (orchIds: readonly string[]): Refusal =>
  new Refusal("conflict", {
    detail: `another app has one of these orchestrations: ${orchIds.join(" ")}`,
    hint: "list the apps to see which orchestrations are theirs",
  })
