import { type Answer, type CallOptions, call, registration } from "@agentwrit/testing/client"
import type { Random } from "@agentwrit/testing/random"
import {
  type HeldAgent,
  type HeldLaunchToken,
  type HeldToken,
  isRevoked,
  type Ledger,
  type OperationKind,
} from "./ledger.ts"

const AGENT_SCOPE = ["read:data:*", "read:mark:*"]

/** Whether a broker answers at this address. */
export const answers = (url: string): Promise<boolean> =>
  call(url, "GET /v1/challenge").then(
    () => true,
    () => false,
  )

/** Sends mixed work to one broker and records every step in the ledger. */
export class Load {
  readonly #url: string
  readonly #admin: string
  readonly #ledger: Ledger
  readonly #random: Random
  #isStopped = false
  #clients: Promise<unknown> = Promise.resolve()

  constructor(url: string, admin: string, ledger: Ledger, random: Random) {
    this.#url = url
    this.#admin = admin
    this.#ledger = ledger
    this.#random = random
  }

  /** Starts clients that work until {@link stop} is called or the broker ends. */
  start(clients: number): void {
    this.#clients = Promise.all(Array.from({ length: clients }, () => this.#work()))
  }

  /** Waits until every client has finished its current step. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#clients
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.step()
      } catch {
        // When the broker is gone, the current operation stays unknown in the ledger.
        if (!(await answers(this.#url))) return
      }
    }
  }

  /** One random step. */
  async step(): Promise<void> {
    const { agents, apps, launchTokens } = this.#ledger
    const drawn = this.#random.integer(0, 99)
    if (drawn < 20 || launchTokens.length === 0) return this.launchToken()
    if (drawn < 45 || agents.length < 3) return this.register()
    if (drawn < 60) return this.renew()
    if (drawn < 66) return this.release()
    if (drawn < 76) return this.delegate()
    if (drawn < 81) return this.revoke()
    if (drawn < 84 || apps.length === 0) return this.createApp()
    if (drawn < 87) return this.updateApp()
    if (drawn < 88) return this.deregisterApp()
    if (drawn < 91) return this.appLaunchToken()
    if (drawn < 94) return this.checkpoint()
    return this.validate()
  }

  launchToken(singleUse: boolean = this.#random.chance(0.7)): Promise<void> {
    return this.#launchToken("POST /v1/admin/launch-tokens", this.#admin, singleUse)
  }

  /**
   * Registers an agent. Sometimes a rival uses the same launch token or nonce at the same time, and must not win as
   * well.
   */
  async register(): Promise<void> {
    const { launchTokens } = this.#ledger
    const launchToken = this.#random.pick(launchTokens)
    if (launchToken === undefined) return
    if (launchToken.singleUse) launchTokens.splice(launchTokens.indexOf(launchToken), 1)
    const first = await this.#registration(launchToken)
    const rival = this.#random.chance(0.3) ? await this.#registration(launchToken) : undefined
    if (rival !== undefined && !launchToken.singleUse)
      for (const field of ["nonce", "public_key", "signature"]) rival.body[field] = first.body[field]
    const sent = rival === undefined ? [first] : [first, rival]
    const won = await Promise.all(
      sent.map(async ({ taskId, body }) => {
        this.#ledger.registrations.push({ taskId, launchToken, body, sentAtMs: performance.now() })
        const answer = await this.#send("register", taskId, "POST /v1/register", { json: body })
        if (answer?.status !== 200) return false
        const { agent_id: agentId, access_token } = answer.body
        this.#ledger.agents.push({ agentId, taskId, token: this.#ledger.hold(access_token) })
        return true
      }),
    )
    if (won.length === 2 && won.every(Boolean))
      this.#ledger.problems.push(`one ${launchToken.singleUse ? "launch token" : "nonce"} registered two agents`)
  }

  async renew(): Promise<void> {
    const agent = this.#anAgent()
    if (agent === undefined) return
    const { text, jti } = agent.token
    const answer = await this.#send("renew", jti, "POST /v1/token/renew", { bearer: text })
    if (answer?.status !== 200) return
    this.#ledger.revoked.add(`token ${jti}`)
    agent.token = this.#ledger.hold(answer.body.access_token)
    // A superseded token that comes back ends its agent. The scenario `model` tries that.
    this.#ledger.forget(jti)
  }

  async release(): Promise<void> {
    const token = this.#random.chance(0.5) ? this.#anAgent()?.token : this.#aToken()
    if (token === undefined) return
    const answer = await this.#send("release", token.jti, "POST /v1/token/release", { bearer: token.text })
    if (answer?.status === 204) this.#ledger.revoked.add(`token ${token.jti}`)
  }

  async delegate(): Promise<void> {
    const holder = this.#random.chance(0.6) ? this.#anAgent()?.token : this.#aToken()
    const delegate = this.#anAgent()
    if (holder === undefined || delegate === undefined || delegate.agentId === holder.sub) return
    const marker = this.#ledger.name("d")
    const json = { delegate_to: delegate.agentId, scope: [...AGENT_SCOPE, `read:mark:${marker}`], ttl: 3600 }
    const answer = await this.#send("delegate", marker, "POST /v1/delegate", { bearer: holder.text, json })
    if (answer?.status === 200) this.#ledger.hold(answer.body.access_token)
  }

  async revoke(level: string = this.#random.pick(["token", "token", "agent", "task", "chain"]) ?? ""): Promise<void> {
    const token = level === "token" ? this.#aToken() : undefined
    const agent = this.#anAgent()
    if (agent === undefined) return
    const target = level === "token" ? (token ?? agent.token).jti : level === "task" ? agent.taskId : agent.agentId
    const marker = `${level} ${target}`
    if (this.#ledger.operations.has(`revoke ${marker}`)) return
    const answer = await this.#asAdmin("revoke", marker, "POST /v1/revoke", { level, target })
    if (answer?.status === 200) this.#ledger.revoked.add(marker)
  }

  async createApp(): Promise<void> {
    const name = this.#ledger.name("app")
    const answer = await this.#asAdmin("create_app", name, "POST /v1/admin/apps", { name, scopes: AGENT_SCOPE })
    if (answer?.status !== 201) return
    const { app_id: appId, client_id: clientId, client_secret: clientSecret } = answer.body
    this.#ledger.apps.push({ appId, clientId, clientSecret })
  }

  async updateApp(): Promise<void> {
    const app = this.#random.pick(this.#ledger.apps)
    if (app === undefined) return
    const marker = this.#ledger.name("u")
    const scopes = [...AGENT_SCOPE, `read:mark:${marker}`]
    await this.#asAdmin("update_app", marker, `PUT /v1/admin/apps/${app.appId}`, { scopes })
  }

  async deregisterApp(): Promise<void> {
    const { apps, revoked } = this.#ledger
    const app = this.#random.pick(apps)
    if (app === undefined) return
    apps.splice(apps.indexOf(app), 1)
    const answer = await this.#asAdmin("deregister_app", app.appId, `DELETE /v1/admin/apps/${app.appId}`)
    if (answer?.status === 200) revoked.add(`agent app:${app.appId}`)
  }

  async appLaunchToken(): Promise<void> {
    const app = this.#random.pick(this.#ledger.apps)
    if (app === undefined) return
    const json = { client_id: app.clientId, client_secret: app.clientSecret }
    const { status, body } = await call(this.#url, "POST /v1/app/auth", { json })
    if (status !== 200) return
    this.#ledger.signedIn(body.access_token)
    const { text } = this.#ledger.hold(body.access_token)
    await this.#launchToken("POST /v1/app/launch-tokens", text, true, app.appId)
  }

  async checkpoint(): Promise<void> {
    const { status, text } = await call(this.#url, "GET /v1/audit/checkpoint", { bearer: this.#admin })
    if (status === 200) this.#ledger.keepCheckpoint(text)
  }

  /** A token must be invalid once its revocation is acknowledged. */
  async validate(): Promise<void> {
    const token = this.#aToken()
    if (token === undefined) return
    const isDead = isRevoked(token, this.#ledger.revoked)
    const { body } = await call(this.#url, "POST /v1/token/validate", { json: { token: token.text } })
    if (isDead && body?.valid === true) this.#ledger.problems.push(`revoked token ${token.jti} validates`)
  }

  /** Sends one operation and records it. */
  #send(kind: OperationKind, marker: string, route: string, options: CallOptions): Promise<Answer | undefined> {
    return this.#ledger.attempt(kind, marker, () => call(this.#url, route, options))
  }

  #asAdmin(kind: OperationKind, marker: string, route: string, json?: unknown): Promise<Answer | undefined> {
    return this.#send(kind, marker, route, { bearer: this.#admin, json })
  }

  async #launchToken(route: string, bearer: string, singleUse: boolean, appId?: string): Promise<void> {
    const name = this.#ledger.name("launch-")
    const json = { agent_name: name, allowed_scope: AGENT_SCOPE, max_ttl: 3600, ttl: 3600, single_use: singleUse }
    const answer = await this.#send("launch_token", name, route, { bearer, json })
    if (answer?.status === 201) this.#ledger.launchTokens.push({ text: answer.body.launch_token, singleUse, appId })
  }

  async #registration({ text }: HeldLaunchToken) {
    const taskId = this.#ledger.name("t")
    const body: Record<string, unknown> = await registration(this.#url, text, {
      task_id: taskId,
      requested_scope: AGENT_SCOPE,
    })
    return { taskId, body }
  }

  /** Usually a recent one, because most old ones are revoked. */
  #anAgent(): HeldAgent | undefined {
    const { agents } = this.#ledger
    return this.#random.pick(this.#random.chance(0.8) ? agents.slice(-20) : agents)
  }

  #aToken(): HeldToken | undefined {
    const { tokens } = this.#ledger
    const token = this.#random.pick(this.#random.chance(0.8) ? tokens.slice(-30) : tokens)
    if (token !== undefined) this.#ledger.fresh.add(token)
    return token
  }
}
