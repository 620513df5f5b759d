import { hash } from "node:crypto"
import type { AuthorityContext } from "./context.ts"
import type { App } from "./records.ts"
import { Refusal } from "./refusal.ts"

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

/** The subject of an app's tokens (CONTRACT 2, "Claims"). */
export const appSubject = (appId: string): string => `app:${appId}`

/** The form in which a client secret is stored: 256 random bits need no slow hash. */
export const hashClientSecret = (secret: string): Buffer => hash("sha256", secret, "buffer")

/** All apps, newest first, inactive ones too (CONTRACT 3, `GET /v1/admin/apps`). */
export async function listApps(context: AuthorityContext): Promise<readonly AppView[]> {
  return (await context.store.apps()).map(viewOf)
}

/** One app, inactive ones too; an `appId` of `undefined` names none (CONTRACT 3, `GET /v1/admin/apps/{id}`). */
export async function getApp(context: AuthorityContext, appId: string | undefined): Promise<AppView> {
  const app = await knownApp(context, appId)
  if (app instanceof Refusal) throw app
  return viewOf(app)
}

/** The app of that id, or why not. */
export async function knownApp(context: AuthorityContext, appId: string | undefined): Promise<App | Refusal> {
  const app = appId === undefined ? undefined : await context.store.app(appId)
  return app ?? new Refusal("not_found", { detail: "there is no such app", hint: "GET /v1/admin/apps lists them" })
}

/** What operators see of an app: all but what its sign-in is checked against. */
export function viewOf({ secretHash: _secret, revision: _revision, ...app }: App): AppView {
  return { ...app, status: app.deregisteredAt === undefined ? "active" : "inactive" }
}

/** An app's policy in words, for the trail. */
export function describeApp({ clientId, scopes, tokenTtl }: App): string {
  return `client ${clientId}, ceiling ${scopes.join(" ")}, token ttl ${tokenTtl} s`
}
