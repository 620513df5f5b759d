import { randomBytes } from "node:crypto"
import { AgentWritApp, type AppOptions } from "@agentwrit/sdk"
import { call } from "./client.ts"

/** A new app with its ceiling and credentials. */
export interface RegisteredApp {
  readonly appId: string
  readonly clientId: string
  readonly clientSecret: string
}

/** Registers an app under a new name, as the operator does. */
export async function registerApp(
  url: string,
  bearer: string,
  scopes: readonly string[] = ["read:data:*"],
): Promise<RegisteredApp> {
  const json = { name: `app-${randomBytes(4).toString("hex")}`, scopes }
  const { status, body, text } = await call(url, "POST /v1/admin/apps", { bearer, json })
  if (status !== 201) throw new Error(text)
  return { appId: body.app_id, clientId: body.client_id, clientSecret: body.client_secret }
}

/** A new app, ready to create agents; `brokerUrl` may be a proxy's. */
export async function sdkApp(
  { url, admin }: { readonly url: string; readonly admin: string },
  options: Partial<AppOptions> = {},
): Promise<AgentWritApp> {
  const { clientId, clientSecret } = await registerApp(url, admin)
  return new AgentWritApp({ brokerUrl: url, clientId, clientSecret, ...options })
}
