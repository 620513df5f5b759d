import { hash } from "node:crypto"
import { appSubject } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import type { App, AppRole } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { isRevoked } from "../tokens/check.ts"
import { scopesText } from "../trail/detail.ts"

/** An app as operators see it. Instants are milliseconds since the Unix epoch. */
export interface AppView {
  readonly appId: string
  readonly name: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly tokenTtl: number
  readonly status: "active" | "inactive"
  readonly createdAt: number
  readonly updatedAt: number
  readonly deregisteredAt?: number
  /** Orchestrations that are this app's alone. Absent: none. */
  readonly orchIds?: readonly string[]
  /** Absent: it is a launcher and nothing else. */
  readonly roles?: readonly AppRole[]
  /** Set while the app is revoked. */
  readonly revokedAt?: number
}

/** The roles of an app that names none. */
export const DEFAULT_ROLES: readonly AppRole[] = ["launcher"]

/** The form in which a client secret is stored. It has 256 random bits, so it needs no slow hash. */
export const hashClientSecret = (secret: string): Buffer => hash("sha256", secret, "buffer")

/** All apps, newest first, inactive ones too (CONTRACT 3, `GET /v1/admin/apps`). */
export async function listApps(context: AuthorityContext): Promise<readonly AppView[]> {
  return (await context.store.records.apps()).map(viewOf)
}

/** One app, also an inactive one (CONTRACT 3, `GET /v1/admin/apps/{id}`). `undefined` is the id of no app. */
export async function getApp(context: AuthorityContext, appId: string | undefined): Promise<AppView> {
  return viewOf(await requireApp(context, appId))
}

/**
 * The app of that id.
 * @throws {@link Refusal} `not_found`.
 */
export async function requireApp(context: AuthorityContext, appId: string | undefined): Promise<App> {
  const app = appId === undefined ? undefined : await context.store.records.app(appId)
  if (app === undefined)
    throw new Refusal("not_found", { detail: "there is no such app", hint: "list the apps to see their ids" })
  return app
}

/**
 * The app, when it may be changed.
 * @throws {@link Refusal} `not_found`, or `conflict` for an inactive one.
 */
export async function requireActiveApp(context: AuthorityContext, appId: string | undefined): Promise<App> {
  const app = await requireApp(context, appId)
  if (app.deregisteredAt !== undefined)
    throw new Refusal("conflict", {
      detail: `${app.appId} is inactive`,
      hint: "register another app: a deregistration is final",
    })
  return app
}

/**
 * Whether the app is revoked now. An entry of level `agent` on an app's subject was written by a deregistration or by
 * version 2.0.0; it cannot be taken back.
 */
export function isAppRevoked(context: AuthorityContext, { appId, revokedAt }: App): boolean {
  return revokedAt !== undefined || isRevoked(context, "agent", appSubject(appId))
}

/** An app without what its sign-in is checked against. */
export function viewOf({
  secretHash: _secret,
  previousSecret: _previous,
  revision: _revision,
  mac: _mac,
  orchIds,
  roles,
  ...view
}: App): AppView {
  return {
    ...view,
    status: view.deregisteredAt === undefined ? "active" : "inactive",
    ...(orchIds.length > 0 && { orchIds }),
    ...(!isDefault(roles) && { roles }),
  }
}

const isDefault = (roles: readonly AppRole[]): boolean => roles.join() === DEFAULT_ROLES.join()

/** An app's policy in words, for the trail. */
export function describeApp({ clientId, scopes, tokenTtl, orchIds, roles }: App): string {
  const owned = orchIds.length === 0 ? "" : `, orch_ids ${orchIds.join(" ")}`
  const granted = isDefault(roles) ? "" : `, roles ${roles.join(" ")}`
  return `client ${clientId}, ceiling ${scopesText(scopes)}, token ttl ${tokenTtl} s${granted}${owned}`
}
