import { AgentWritApp } from "@agentwrit/sdk"
import { AgentWritAdmin } from "@agentwrit/sdk/admin"

const { AGENTWRIT_BROKER_URL: brokerUrl = "", AACTL_ADMIN_SECRET: adminSecret = "" } = process.env

export const admin = new AgentWritAdmin({ brokerUrl, adminSecret })

/** An app whose agents may read reports and data. */
export async function registerApp(origin: string): Promise<AgentWritApp> {
  const name = `recipe-${crypto.randomUUID().slice(0, 8)}`
  const { clientId, clientSecret } = await admin.createApp({ name, scopes: ["read:reports:*", "read:data:*"] })
  return new AgentWritApp({ brokerUrl, clientId, clientSecret, allowedOrigins: [origin] })
}
