import { randomBytes } from "node:crypto"
import type { Claims } from "@agentwrit/core"
import { type AppView, describeApp, hashClientSecret, viewOf } from "./app.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import type { App } from "./records.ts"
import { Refusal } from "./refusal.ts"
import { ConflictError } from "./store.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** What an app shall be (CONTRACT 3, "apps"). */
export interface AppCreationRequest {
  readonly name: string
  /** The ceiling. */
  readonly scopes: readonly string[]
  /** Seconds that its tokens live. */
  readonly tokenTtl?: number
}

/** A new app and its secret, which is shown this once. */
export interface CreatedApp extends AppView {
  readonly clientSecret: string
}

/** Characters of the name that a client id begins with. */
const CLIENT_ID_PREFIX = 8

/** Registers an app under its ceiling (CONTRACT 3, `POST /v1/admin/apps`). */
export async function createApp(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  { name, scopes, tokenTtl }: AppCreationRequest,
): Promise<CreatedApp> {
  const now = context.clock.now()
  const clientSecret = randomBytes(32).toString("hex")
  const app: App = {
    appId: `app-${name}-${randomBytes(3).toString("hex")}`,
    name,
    clientId: `${name.slice(0, CLIENT_ID_PREFIX).replace(/-$/, "")}-${randomBytes(6).toString("hex")}`,
    secretHash: hashClientSecret(clientSecret).toString("hex"),
    scopes,
    tokenTtl: tokenTtl ?? context.settings.appTokenTtl,
    createdAt: now,
    updatedAt: now,
    revision: 1,
  }
  try {
    await commit(context, {
      writes: [{ type: "add_app", app }],
      events: [
        {
          event_type: "app_registered",
          ...subjectOf(operator),
          detail: `${app.appId} registered: ${describeApp(app)}`,
          resource: caller.resource,
          outcome: "success",
        },
      ],
    })
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    const refusal = new Refusal("conflict", {
      detail: `an app named ${name} exists`,
      hint: "choose another name: a deregistered app keeps its own",
    })
    return deny(context, { types: ["app_registered"], caller, subject: subjectOf(operator) }, refusal)
  }
  return { ...viewOf(app), clientSecret }
}
