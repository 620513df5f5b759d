import { AgentWritAdmin, type CreatedApp } from "@agentwrit/sdk/admin"

const { AGENTWRIT_BROKER_URL = "", AACTL_ADMIN_SECRET: adminSecret = "" } = process.env

/** A recipe that waits for ever ends like this. */
setTimeout(() => {
  throw new Error("the recipe did not end within a minute")
}, 60_000).unref()

export const brokerUrl: string = AGENTWRIT_BROKER_URL

export const admin = new AgentWritAdmin({ brokerUrl, adminSecret })

/** An app whose agents may read reports and data. */
export function registerApp(): Promise<CreatedApp> {
  const name = `recipe-${crypto.randomUUID().slice(0, 8)}`
  return admin.createApp({ name, scopes: ["read:reports:*", "read:data:*"] })
}
