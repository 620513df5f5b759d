import { readFileSync } from "node:fs"
import { AgentWritApp } from "@agentwrit/sdk"

/** The operator of a broker: registers the app that an example runs as, and takes it away at the end. */
export interface Operator {
  readonly brokerUrl: string
  /** Registers an app whose agents may be given these scopes at most. It is deregistered at the end of the scope. */
  registerApp(name: string, scopes: readonly string[]): Promise<{ readonly app: AgentWritApp } & AsyncDisposable>
  /** Calls a route that only operators may call, and answers its JSON. */
  call(route: string, body?: unknown): Promise<Record<string, unknown>>
}

/** Signs in at the broker of AACTL_BROKER_URL and AACTL_ADMIN_SECRET, else at the one that `npx pnpm@12 start` runs. */
export async function signInAsOperator(): Promise<Operator> {
  const { AACTL_BROKER_URL: brokerUrl, AACTL_ADMIN_SECRET: secret } = { ...developmentBroker(), ...process.env }
  if (brokerUrl === undefined || secret === undefined)
    throw new Error("no broker is known: run `npx pnpm@12 start` in another terminal, and wait until it serves")
  const { access_token: token } = await call(brokerUrl, "POST /v1/admin/auth", { secret })
  const asOperator = (route: string, body?: unknown) => call(brokerUrl, route, body, String(token))
  return {
    brokerUrl,
    call: asOperator,
    async registerApp(name, scopes) {
      const unique = `${name}-${crypto.randomUUID().slice(0, 8)}`
      const made = await asOperator("POST /v1/admin/apps", { name: unique, scopes })
      const [clientId, clientSecret] = [String(made["client_id"]), String(made["client_secret"])]
      return {
        app: new AgentWritApp({ brokerUrl, clientId, clientSecret }),
        async [Symbol.asyncDispose]() {
          await asOperator(`DELETE /v1/admin/apps/${made["app_id"]}`)
        },
      }
    },
  }
}

/** What `start` keeps in the repository's `.agentwrit`, under the names of the environment. */
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

async function call(
  brokerUrl: string,
  route: string,
  body?: unknown,
  bearer?: string,
): Promise<Record<string, unknown>> {
  const [method = "GET", path = "/"] = route.split(" ")
  const answer = await fetch(brokerUrl + path, {
    method,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const read = (await answer.json()) as Record<string, unknown>
  if (!answer.ok) throw new Error(`${route}: ${answer.status} ${String(read["detail"])}`)
  return read
}
