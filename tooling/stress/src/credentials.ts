import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { adminToken, call, launchToken, registration } from "@agentwrit/testing/client"
import type { Secrets } from "./secrets.ts"

/** Milliseconds after which a nonce is too near its end to be of use. */
const NONCE_AGE = 20_000

/** An app and a token of its own. */
interface HeldApp {
  readonly id: string
  readonly token: string
  readonly signIn: { readonly client_id: string; readonly client_secret: string }
}

/** An answer, as far as it tells what was spent. */
interface Spending {
  readonly operation: string
  readonly status: number
  readonly text: string
}

/**
 * What the requests of a run are made with, all of it secret. What a request spends is replaced: were it not, all that came later
 * would be turned away at the first guard.
 */
export class Credentials {
  readonly #url: string
  readonly #secrets: Secrets
  readonly #admin: string
  readonly #launchToken: string
  /** An admin token that may be lost. */
  #expendable: string
  #app: HeldApp
  /** An app that may be deregistered. */
  #doomed: string
  #agent: string
  readonly #delegate: string
  #registration: Record<string, unknown>
  #registrationMade = performance.now()
  #apps: number

  private constructor(url: string, secrets: Secrets, first: First) {
    this.#url = url
    this.#secrets = secrets
    this.#admin = first.admin
    this.#launchToken = first.launchToken
    this.#expendable = first.expendable
    this.#app = first.app
    this.#doomed = first.doomed
    this.#agent = first.agent
    this.#delegate = first.delegate
    this.#registration = first.registration
    this.#apps = 2
  }

  static async of(url: string, secrets: Secrets): Promise<Credentials> {
    secrets.add(ADMIN_SECRET)
    const admin = secrets.keep(await adminToken(url))
    const reusable = secrets.keep(await launchToken(url, admin, { single_use: false, ttl: 86_400 }))
    const delegate = await register(url, reusable, secrets)
    return new Credentials(url, secrets, {
      ...{ admin, launchToken: reusable, delegate: delegate.agent_id },
      expendable: secrets.keep(await adminToken(url)),
      app: await makeApp(url, admin, "abused-1", secrets),
      doomed: (await makeApp(url, admin, "abused-2", secrets)).id,
      agent: (await register(url, reusable, secrets)).access_token,
      registration: await makeRegistration(url, reusable, secrets),
    })
  }

  /** Secrets that hold no other sign than letters and digits do, so that they can stand in an address. */
  get secretWords(): readonly string[] {
    return [this.#launchToken, this.#app.signIn.client_secret, this.#agent]
  }

  /** What there is under the name of this operation's parameter. */
  valueOf(operation: string, parameter: string): string | undefined {
    const values: Readonly<Record<string, string>> = {
      id: operation.startsWith("DELETE ") ? this.#doomed : this.#app.id,
      ...{ app_id: this.#app.id, agent_id: this.#delegate },
      // As registrations name them.
      ...{ task_id: "t-42", orch_id: "crm", after: "evt-000002" },
    }
    return values[parameter]
  }

  /** Tokens of every kind of caller. */
  get bearers(): readonly string[] {
    return [this.#admin, this.#app.token, this.#agent]
  }

  /** The token that this operation takes. */
  bearerOf(operation: string): string {
    const [, path = ""] = operation.split(" ")
    if (path === "/v1/token/release") return this.#expendable
    if (path === "/v1/token/renew" || path === "/v1/delegate") return this.#agent
    return path.startsWith("/v1/app/") ? this.#app.token : this.#admin
  }

  /** A body that this operation takes, where it takes one. */
  bodyOf(operation: string): Record<string, unknown> | undefined {
    const policy = { agent_name: "abuser", allowed_scope: ["read:data:*"] }
    const bodies: Readonly<Record<string, Record<string, unknown>>> = {
      "POST /v1/register": this.#registration,
      "POST /v1/app/auth": this.#app.signIn,
      "POST /v1/admin/auth": { secret: ADMIN_SECRET },
      "POST /v1/token/validate": { token: this.#agent },
      "POST /v1/delegate": { delegate_to: this.#delegate, scope: ["read:data:7"] },
      "POST /v1/admin/launch-tokens": policy,
      "POST /v1/app/launch-tokens": policy,
      "POST /v1/admin/apps": { name: `made-${this.#apps}`, scopes: ["read:data:*"] },
      "PUT /v1/admin/apps/{id}": { scopes: ["read:data:*"] },
      "POST /v1/revoke": { level: "task", target: "abused" },
    }
    return bodies[operation]
  }

  /** Replaces what a request has used up. */
  async replace({ operation, status, text }: Spending): Promise<void> {
    const isDone = status < 300
    if (operation === "POST /v1/register" && (isDone || performance.now() - this.#registrationMade > NONCE_AGE)) {
      this.#registrationMade = performance.now()
      this.#registration = await makeRegistration(this.#url, this.#launchToken, this.#secrets)
    }
    if (!isDone) return
    if (operation === "POST /v1/token/renew") this.#agent = this.#secrets.keep(JSON.parse(text).access_token)
    if (operation === "POST /v1/token/release") this.#expendable = this.#secrets.keep(await adminToken(this.#url))
    if (operation === "POST /v1/admin/apps") this.#apps++
    if (operation === "DELETE /v1/admin/apps/{id}") await this.#replaceApp(JSON.parse(text).app_id)
  }

  async #replaceApp(id: string): Promise<void> {
    const make = () => makeApp(this.#url, this.#admin, `abused-${++this.#apps}`, this.#secrets)
    if (id === this.#app.id) this.#app = await make()
    if (id === this.#doomed) this.#doomed = (await make()).id
  }
}

interface First {
  readonly admin: string
  readonly launchToken: string
  readonly expendable: string
  readonly app: HeldApp
  readonly doomed: string
  readonly agent: string
  readonly delegate: string
  readonly registration: Record<string, unknown>
}

async function makeApp(url: string, admin: string, name: string, secrets: Secrets): Promise<HeldApp> {
  const made = await call(url, "POST /v1/admin/apps", { bearer: admin, json: { name, scopes: ["read:data:*"] } })
  const { app_id: id, client_id, client_secret } = made.body
  secrets.add(client_secret)
  const { body } = await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })
  return { id, token: secrets.keep(body.access_token), signIn: { client_id, client_secret } }
}

async function register(url: string, reusable: string, secrets: Secrets) {
  const { body, status, text } = await call(url, "POST /v1/register", {
    json: await makeRegistration(url, reusable, secrets),
  })
  if (status !== 200) throw new Error(text)
  secrets.add(body.access_token)
  return body as { readonly agent_id: string; readonly access_token: string }
}

async function makeRegistration(url: string, reusable: string, secrets: Secrets): Promise<Record<string, unknown>> {
  const body = await registration(url, reusable)
  secrets.add(body["signature"])
  return body
}
