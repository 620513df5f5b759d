import { call, registration } from "@agentwrit/testing/client"
import { type HeldAgent, type HeldLaunchToken, type HeldToken, isRevoked, type Ledger } from "./ledger.ts"
import type { Random } from "./random.ts"

const AGENT_SCOPE = ["read:data:*", "read:mark:*"]

/** Whether a broker answers. */
export function isThere(url: string): Promise<boolean> {
  return call(url, "GET /v1/challenge").then(
    () => true,
    () => false,
  )
}

/** Mixed work against one broker, every step of it written to the ledger. */
export class Load {
  readonly #url: string
  readonly #admin: string
  readonly #ledger: Ledger
  readonly #random: Random
  #stopped = false
  #workers: Promise<unknown> = Promise.resolve()

  constructor(url: string, admin: string, ledger: Ledger, random: Random) {
    this.#url = url
    this.#admin = admin
    this.#ledger = ledger
    this.#random = random
  }

  /** Starts so many clients that work until {@link stop} or the broker's end. */
  start(clients: number): void {
    this.#workers = Promise.all(Array.from({ length: clients }, () => this.#work()))
  }

  /** Lets every client finish the step that it is at. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#workers
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.step()
      } catch {
        // The broker is gone: what was under way stays unknown in the ledger.
        if (!(await isThere(this.#url))) return
      }
    }
  }

  /** One step, drawn by chance. */
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

  async launchToken(singleUse: boolean = this.#random.chance(0.7)): Promise<void> {
    await this.#launchToken("POST /v1/admin/launch-tokens", this.#admin, singleUse, undefined)
  }

  /** Two launch tokens in one, or one nonce for two: now and then a registration has a rival that must not win as well. */
  async register(): Promise<void> {
    const { launchTokens } = this.#ledger
    const launchToken = this.#random.pick(launchTokens)
    if (launchToken === undefined) return
    if (launchToken.singleUse) launchTokens.splice(launchTokens.indexOf(launchToken), 1)
    const first = await this.#registration(launchToken)
    const rival = this.#random.chance(0.3) ? await this.#registration(launchToken) : undefined
    if (rival !== undefined && !launchToken.singleUse) {
      // Two that differ in everything but the nonce.
      for (const field of ["nonce", "public_key", "signature"]) rival.body[field] = first.body[field]
    }
    const sent = rival === undefined ? [first] : [first, rival]
    const answers = await Promise.all(
      sent.map(({ taskId, body }) => {
        this.#ledger.sent({ taskId, launchToken, body })
        return this.#ledger.attempt("register", taskId, () => call(this.#url, "POST /v1/register", { json: body }))
      }),
    )
    const won = answers.filter((answer) => answer?.status === 200)
    if (won.length > 1)
      this.#ledger.problems.push(`one ${launchToken.singleUse ? "launch token" : "nonce"} registered two agents`)
    for (const [at, answer] of answers.entries()) {
      if (answer?.status !== 200) continue
      const { agent_id: agentId, access_token } = answer.body
      this.#ledger.agents.push({ agentId, taskId: sent[at]?.taskId ?? "", token: this.#ledger.hold(access_token) })
    }
  }

  async renew(): Promise<void> {
    const agent = this.#anAgent()
    if (agent === undefined) return
    const { token } = agent
    const answer = await this.#ledger.attempt("renew", token.jti, () =>
      call(this.#url, "POST /v1/token/renew", { bearer: token.text }),
    )
    if (answer?.status !== 200) return
    this.#ledger.revoked.add(`token ${token.jti}`)
    agent.token = this.#ledger.hold(answer.body.access_token)
  }

  async release(): Promise<void> {
    const token = this.#random.chance(0.5) ? this.#anAgent()?.token : this.#aToken()
    if (token === undefined) return
    const answer = await this.#ledger.attempt("release", token.jti, () =>
      call(this.#url, "POST /v1/token/release", { bearer: token.text }),
    )
    if (answer?.status === 204) this.#ledger.revoked.add(`token ${token.jti}`)
  }

  async delegate(): Promise<void> {
    const holder = this.#random.chance(0.6) ? this.#anAgent()?.token : this.#aToken()
    const delegate = this.#anAgent()
    if (holder === undefined || delegate === undefined || delegate.agentId === holder.sub) return
    const marker = this.#ledger.name("d")
    const json = { delegate_to: delegate.agentId, scope: [...AGENT_SCOPE, `read:mark:${marker}`], ttl: 3600 }
    const answer = await this.#ledger.attempt("delegate", marker, () =>
      call(this.#url, "POST /v1/delegate", { bearer: holder.text, json }),
    )
    if (answer?.status === 200) this.#ledger.hold(answer.body.access_token)
  }

  async revoke(level: string = this.#random.pick(["token", "token", "agent", "task", "chain"]) ?? ""): Promise<void> {
    const token = level === "token" ? this.#aToken() : undefined
    const agent = this.#anAgent()
    if (agent === undefined) return
    const target = level === "token" ? (token?.jti ?? agent.token.jti) : level === "task" ? agent.taskId : agent.agentId
    const marker = `${level} ${target}`
    if (this.#ledger.operations.has(`revoke ${marker}`)) return
    const answer = await this.#ledger.attempt("revoke", marker, () =>
      call(this.#url, "POST /v1/revoke", { bearer: this.#admin, json: { level, target } }),
    )
    if (answer?.status === 200) this.#ledger.revoked.add(marker)
  }

  async createApp(): Promise<void> {
    const name = this.#ledger.name("app")
    const answer = await this.#ledger.attempt("create_app", name, () =>
      call(this.#url, "POST /v1/admin/apps", { bearer: this.#admin, json: { name, scopes: AGENT_SCOPE } }),
    )
    if (answer?.status !== 201) return
    const { app_id: appId, client_id: clientId, client_secret: clientSecret } = answer.body
    this.#ledger.apps.push({ appId, clientId, clientSecret })
  }

  async updateApp(): Promise<void> {
    const app = this.#random.pick(this.#ledger.apps)
    if (app === undefined) return
    const marker = this.#ledger.name("u")
    const json = { scopes: [...AGENT_SCOPE, `read:mark:${marker}`] }
    await this.#ledger.attempt("update_app", marker, () =>
      call(this.#url, `PUT /v1/admin/apps/${app.appId}`, { bearer: this.#admin, json }),
    )
  }

  async deregisterApp(): Promise<void> {
    const { apps } = this.#ledger
    const app = this.#random.pick(apps)
    if (app === undefined) return
    apps.splice(apps.indexOf(app), 1)
    const answer = await this.#ledger.attempt("deregister_app", app.appId, () =>
      call(this.#url, `DELETE /v1/admin/apps/${app.appId}`, { bearer: this.#admin }),
    )
    if (answer?.status === 200) this.#ledger.revoked.add(`agent app:${app.appId}`)
  }

  async appLaunchToken(): Promise<void> {
    const app = this.#random.pick(this.#ledger.apps)
    if (app === undefined) return
    const json = { client_id: app.clientId, client_secret: app.clientSecret }
    const signedIn = await call(this.#url, "POST /v1/app/auth", { json })
    if (signedIn.status !== 200) return
    this.#ledger.signedIn(signedIn.body.access_token)
    const { text } = this.#ledger.hold(signedIn.body.access_token)
    await this.#launchToken("POST /v1/app/launch-tokens", text, true, app.appId)
  }

  async checkpoint(): Promise<void> {
    const { status, text } = await call(this.#url, "GET /v1/audit/checkpoint", { bearer: this.#admin })
    if (status === 200) this.#ledger.keepCheckpoint(text)
  }

  /** A token whose revocation was acknowledged before is refused from then on. */
  async validate(): Promise<void> {
    const token = this.#aToken()
    if (token === undefined) return
    const isDead = isRevoked(token, this.#ledger.revoked)
    const answer = await call(this.#url, "POST /v1/token/validate", { json: { token: token.text } })
    if (isDead && answer.body?.valid === true) this.#ledger.problems.push(`revoked token ${token.jti} validates`)
  }

  async #launchToken(route: string, bearer: string, singleUse: boolean, appId: string | undefined): Promise<void> {
    const name = this.#ledger.name("launch-")
    const json = {
      ...{ agent_name: name, allowed_scope: AGENT_SCOPE, max_ttl: 3600, ttl: 3600 },
      ...(!singleUse && { single_use: false }),
    }
    const answer = await this.#ledger.attempt("launch_token", name, () => call(this.#url, route, { bearer, json }))
    if (answer?.status === 201)
      this.#ledger.launchTokens.push({ text: answer.body.launch_token, singleUse, appId } satisfies HeldLaunchToken)
  }

  async #registration({ text }: HeldLaunchToken): Promise<{ taskId: string; body: Record<string, unknown> }> {
    const taskId = this.#ledger.name("t")
    return {
      taskId,
      body: await registration(this.#url, text, { task_id: taskId, requested_scope: AGENT_SCOPE }),
    }
  }

  #anAgent(): HeldAgent | undefined {
    // Mostly young ones: the old are mostly revoked.
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
