import { timingSafeEqual } from "node:crypto"
import { clampTtl } from "@agentwrit/core"
import { appSubject, hashClientSecret } from "./app.ts"
import { whileAppChanges } from "./app-ceiling.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import type { App } from "./records.ts"
import { Refusal } from "./refusal.ts"
import { type IssuedToken, issueToken, prepareToken } from "./token-issue.ts"
import { commit, deny } from "./trail.ts"

/** What an app's own token may do (CONTRACT 3, "apps"). */
export const APP_SCOPES: readonly string[] = ["app:launch-tokens:*", "app:agents:*", "app:audit:read"]

/** What an app signs in with. */
export interface AppSignInRequest {
  readonly clientId: string
  readonly clientSecret: string
}

/** What an app's sign-in answers. */
export interface AppSignIn extends IssuedToken {
  readonly scopes: readonly string[]
}

/** Compared with for a client that does not exist, so that the answer takes the same time. */
const NO_SECRET = Buffer.alloc(32)

/**
 * Exchanges an app's client secret for an app token (CONTRACT 3, `POST /v1/app/auth`). Unknown client, wrong secret and inactive
 * app give the same refusal in the same time; the trail tells them apart.
 */
export function signInApp(
  context: AuthorityContext,
  caller: Caller,
  { clientId, clientSecret }: AppSignInRequest,
): Promise<AppSignIn> {
  return whileAppChanges(async () => {
    const app = await context.store.appByClientId(clientId)
    const fault = faultOf(app, clientSecret)
    if (app === undefined || fault !== undefined) {
      const refusal = new Refusal("unauthorized", { detail: "sign-in failed", reason: fault ?? "unknown client" })
      return deny(context, { types: ["app_auth_failed"], caller }, refusal)
    }
    const { appId, revision } = app
    const ttl = clampTtl({ requested: app.tokenTtl, fallback: app.tokenTtl, limits: [context.settings.maxTtl] })
    const sub = appSubject(appId)
    const prepared = prepareToken(context, { sub, kind: "app", scope: APP_SCOPES, ttl })
    await commit(context, {
      writes: [{ type: "require_app", appId, revision }],
      events: [
        {
          event_type: "app_authenticated",
          agent_id: sub,
          detail: `app signed in, token ${prepared.claims.jti} for ${ttl} s`,
          resource: caller.resource,
          outcome: "success",
        },
      ],
    })
    return { accessToken: issueToken(context, prepared), expiresIn: ttl, scopes: APP_SCOPES }
  })
}

function faultOf(app: App | undefined, clientSecret: string): string | undefined {
  const expected = app === undefined ? NO_SECRET : Buffer.from(app.secretHash, "hex")
  const isRight = timingSafeEqual(hashClientSecret(clientSecret), expected)
  // A client id that is none of ours is not quoted: it may be a secret in the wrong field.
  if (app === undefined) return "unknown client"
  if (!isRight) return `wrong secret for ${app.appId}`
  return app.deregisteredAt === undefined ? undefined : `${app.appId} is inactive`
}
