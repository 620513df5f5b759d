import { readFileSync } from "node:fs"
import { AgentWritApp } from "@agentwrit/sdk"
import { AgentWritAdmin, type AgentWritError } from "@agentwrit/sdk/admin"

/** The operator of a broker, who registers the app that an example runs as. */
export interface Operator {
  readonly brokerUrl: string
  readonly admin: AgentWritAdmin
  /** Registers an app with these scopes as its ceiling. */
  registerApp(name: string, scopes: readonly string[]): Promise<RegisteredApp>
}

export interface RegisteredApp {
  readonly app: AgentWritApp
  deregister(): Promise<void>
}

/**
 * Finds the broker: AACTL_BROKER_URL and AACTL_ADMIN_SECRET, or the one that `npx pnpm@12 start` runs. If it does not
 * answer, the process exits with 1 and says what to do.
 */
export async function findOperator(): Promise<Operator> {
  const { AACTL_BROKER_URL: brokerUrl, AACTL_ADMIN_SECRET: adminSecret } = { ...developmentBroker(), ...process.env }
  if (brokerUrl === undefined || adminSecret === undefined) return giveUp("no broker is known")
  const admin = new AgentWritAdmin({ brokerUrl, adminSecret })
  await admin.health().catch(({ message }: AgentWritError) => giveUp(message))
  return {
    brokerUrl,
    admin,
    async registerApp(name, scopes) {
      const unique = `${name}-${crypto.randomUUID().slice(0, 8)}`
      const { appId, clientId, clientSecret } = await admin.createApp({ name: unique, scopes })
      return {
        app: new AgentWritApp({ brokerUrl, clientId, clientSecret }),
        async deregister() {
          await admin.deregisterApp(appId)
        },
      }
    },
  }
}

function giveUp(reason: string): never {
  console.error(`${reason}\nRun \`npx pnpm@12 start\` in another terminal, and wait until it serves.`)
  process.exit(1)
}

/** Reads the config that `start` writes to the repository's `.agentwrit`. */
function developmentBroker(): { AACTL_BROKER_URL?: string; AACTL_ADMIN_SECRET?: string } {
  let text: string
  try {
    text = readFileSync(new URL("../../.agentwrit/config", import.meta.url), "utf8")
  } catch {
    return {}
  }
  const setting = (name: string) => new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1]
  const [url, secret] = [setting("BROKER_URL"), setting("ADMIN_SECRET")]
  return {
    ...(url !== undefined && { AACTL_BROKER_URL: url }),
    ...(secret !== undefined && { AACTL_ADMIN_SECRET: secret }),
  }
}
