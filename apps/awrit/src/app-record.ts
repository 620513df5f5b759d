import type { App } from "@agentwrit/sdk/admin"
import { since } from "./time.ts"

/** The lines that describe an app. */
export function appRecord(app: App): (readonly [string, string])[] {
  return [
    ["app id", app.appId],
    ["name", app.name],
    ["client id", app.clientId],
    ["scopes", app.scopes.join(" ")],
    ["roles", (app.roles ?? ["launcher"]).join(" ")],
    ...(app.orchIds === undefined ? [] : [["orchestrations", app.orchIds.join(" ")] as const]),
    ["token ttl", `${app.tokenTtl} s`],
    ["status", app.status],
    ["created", since(app.createdAt)],
    ["updated", since(app.updatedAt)],
    ...(app.deregisteredAt === undefined ? [] : [["deregistered", since(app.deregisteredAt)] as const]),
  ]
}
