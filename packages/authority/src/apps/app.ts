import { hash } from "node:crypto"
import { appSubject } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import type { App } from "../ports/records.ts"
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
}

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
  ...app
}: App): AppView {
  const { orchIds: _orchIds, roles: _roles, revokedAt: _revokedAt, ...view } = app
  return { ...view, status: app.deregisteredAt === undefined ? "active" : "inactive" }
}

/** An app's policy in words, for the trail. */
export function describeApp({ clientId, scopes, tokenTtl }: App): string {
  return `client ${clientId}, ceiling ${scopesText(scopes)}, token ttl ${tokenTtl} s`
}
