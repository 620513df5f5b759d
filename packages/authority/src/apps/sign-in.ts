import { timingSafeEqual } from "node:crypto"
import { appSubject, clampTtl } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { App, AppRole } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { type IssuedToken, issueToken, prepareToken } from "../tokens/issue.ts"
import { storedToken } from "../tokens/stored-token.ts"
import { commit } from "../trail/commit.ts"
import { successEvent } from "../trail/event.ts"
import { hashClientSecret, isAppRevoked } from "./app.ts"

/** What each role adds to the scope of an app's own token (CONTRACT 3, "apps"). */
const ROLE_SCOPES: Readonly<Record<AppRole, readonly string[]>> = {
  launcher: ["app:launch-tokens:*", "app:agents:*", "app:audit:read"],
  verifier: ["app:introspect:*"],
  gateway: ["app:report-use:*", "app:introspect:*"],
}

/** An app's credentials. */
export interface AppSignInRequest {
  readonly clientId: string
  readonly clientSecret: string
}

/** An app's token and its scope. */
export interface AppSignIn extends IssuedToken {
  readonly scopes: readonly string[]
}

/**
 * How often an app may sign in. Each member throws a {@link Refusal} when it is too often: `rate_limited`, with the
 * event `app_rate_limited`. Between the lookup of the app and these calls nothing is awaited, so that simultaneous
 * sign-ins are counted one after the other.
 */
export interface SignInAdmission {
  /** Before the secret is checked. */
  readonly beforeCheck: () => void
  /** The secret was wrong. */
  readonly wrong: () => void
  /** The secret was right. */
  readonly right: () => void
}

const ALWAYS: SignInAdmission = { beforeCheck: () => undefined, wrong: () => undefined, right: () => undefined }

/** Compared with when there is no such client, so that the answer takes the same time. */
const NO_SECRET = Buffer.alloc(32)

/**
 * Exchanges an app's client secret for an app token (CONTRACT 3, `POST /v1/app/auth`). An unknown client, a wrong
 * secret, an inactive and a revoked app get the same refusal in the same time; the trail tells them apart.
 */
export async function signInApp(
  context: AuthorityContext,
  caller: Caller,
  { clientId, clientSecret }: AppSignInRequest,
  admission: SignInAdmission = ALWAYS,
): Promise<AppSignIn> {
  const app = await context.store.records.appByClientId(clientId)
  const { appId, tokenTtl, roles, revision, isPrevious } = requireAdmitted(admission, () =>
    requireCredentials(context, app, clientSecret),
  )
  const ttl = clampTtl({ requested: tokenTtl, fallback: tokenTtl, limits: [context.settings.maxTtl] })
  const sub = appSubject(appId)
  const scopes = [...new Set(roles.flatMap((role) => ROLE_SCOPES[role]))]
  const prepared = prepareToken(context, { sub, kind: "app", scope: scopes, ttl })
  const { jti } = prepared.claims
  const detail = `app signed in${isPrevious ? " with its previous secret" : ""}, token ${jti} for ${ttl} s`
  await commit(context, {
    writes: [
      { type: "require_app", appId, revision },
      { type: "add_token", token: storedToken(prepared.claims) },
    ],
    events: [successEvent("app_authenticated", caller, { actor: sub, agent_id: sub }, detail)],
  })
  return { accessToken: issueToken(context, prepared), expiresIn: ttl, scopes }
}

/** An app whose secret was right. */
interface ProvenApp extends App {
  /** Whether it was the secret before the last rotation. */
  readonly isPrevious: boolean
}

function requireAdmitted(admission: SignInAdmission, check: () => ProvenApp): ProvenApp {
  admission.beforeCheck()
  let app: ProvenApp
  try {
    app = check()
  } catch (error) {
    admission.wrong()
    throw error
  }
  admission.right()
  return app
}

function requireCredentials(context: AuthorityContext, app: App | undefined, clientSecret: string): ProvenApp {
  const given = hashClientSecret(clientSecret)
  const previous = app?.previousSecret
  // Both are always compared, so that the time does not tell whether there are two.
  const isCurrent = isSecret(given, app?.secretHash)
  const isOld = isSecret(given, previous?.secretHash)
  const isPrevious = isOld && previous !== undefined && context.clock.now() < previous.validUntil
  // An unknown client id is not quoted: it may be a secret in the wrong field.
  if (app === undefined) throw signInFailed("unknown client")
  if (!isCurrent && isOld && !isPrevious) throw signInFailed(`the previous secret of ${app.appId} has ended`)
  if (!isCurrent && !isPrevious) throw signInFailed(`wrong secret for ${app.appId}`)
  if (app.deregisteredAt !== undefined) throw signInFailed(`${app.appId} is inactive`)
  if (isAppRevoked(context, app)) throw signInFailed(`${app.appId} is revoked`)
  return { ...app, isPrevious: isPrevious && !isCurrent }
}

function isSecret(given: Buffer, hash: string | undefined): boolean {
  return timingSafeEqual(given, hash === undefined ? NO_SECRET : Buffer.from(hash, "hex")) && hash !== undefined
}

const signInFailed = (reason: string): Refusal =>
  new Refusal("unauthorized", {
    detail: "sign-in failed",
    hint: "check the client id and the client secret, or ask the operator whether the app still may sign in",
    reason,
  })
