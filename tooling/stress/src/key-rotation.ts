import { join } from "node:path"
import { BrokerError } from "@agentwrit/sdk"
import { AgentWritAdmin } from "@agentwrit/sdk/admin"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, call, registration, trail } from "@agentwrit/testing/client"
import { auditProblems, checkpointProblems } from "@agentwrit/testing/independent-audit"
import { type GuardedApi, startGuardedApis } from "./guarded-apis.ts"
import type { Scenario } from "./stage.ts"

const CLIENTS = 4

/** With longer tokens, a rotation a second would fill the ring of 16 keys. */
const TOKEN_TTL = 5

/** Rotations of signing keys from one rotation of the audit key to the next. */
const AUDIT_KEY_STEPS = 10

/** One rotation a second under load: no good token is refused, and no token of a retired key is accepted. */
export const keyRotation: Scenario = {
  name: "key-rotation",
  async run(stage) {
    const seed = stage.seed()
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "3600" })
    const { url } = broker
    await using apis = new AsyncDisposableStack()
    const guarded = await startGuardedApis(url)
    for (const api of guarded) apis.use(api)
    const admin = new Rotating(url, guarded)
    const end = performance.now() + stage.profile.keyRotation.seconds * 1000
    const isOver = () => performance.now() > end || stage.isOver
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!isOver()) stage.check(await admin.cycle(), seed)
    })
    let rotations = 0
    while (!isOver()) {
      await admin.rotate(++rotations % AUDIT_KEY_STEPS === 0)
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    await Promise.all(clients)
    stage.check(await admin.retireAll(), seed)
    const bearer = await adminToken(url)
    const checkpoint = await call(url, "GET /v1/audit/checkpoint", { bearer })
    const events = await trail(url, bearer)
    const verifierKeys = join(folder.path, "audit.pub")
    stage.check([...auditProblems(events), ...checkpointProblems(checkpoint.text, events, verifierKeys)], seed)
    stage.notes.push(`${rotations} rotations, ${admin.judged} verdicts`)
  },
}

/** A broker whose keys rotate, and the APIs whose guards follow it. */
class Rotating {
  judged = 0
  readonly #url: string
  readonly #admin: AgentWritAdmin
  readonly #apis: readonly GuardedApi[]

  constructor(url: string, apis: readonly GuardedApi[]) {
    this.#url = url
    this.#apis = apis
    this.#admin = new AgentWritAdmin({ brokerUrl: url, adminSecret: ADMIN_SECRET })
  }

  async rotate(isAuditKeyToo: boolean): Promise<void> {
    await this.#admin.rotateKey({ signsIn: 0, force: true })
    if (isAuditKeyToo) await this.#admin.rotateAuditKey()
  }

  /** Registers two agents, delegates from one to the other and on, and renews. Every token of it must be good. */
  async cycle(): Promise<string[]> {
    const [first, second, third] = await Promise.all([this.#register(), this.#register(), this.#register()])
    const delegated = await this.#delegate(first.access_token, second.agent_id)
    const further = await this.#delegate(delegated, third.agent_id)
    const renewed = await call(this.#url, "POST /v1/token/renew", { bearer: third.access_token })
    if (renewed.status !== 200) return [`a renewal was refused: ${renewed.text}`]
    return this.#refusedBy([first.access_token, delegated, further, renewed.body.access_token])
  }

  /** Retires every key: then every API refuses what they signed. */
  async retireAll(): Promise<string[]> {
    const { access_token } = await this.#register()
    const { keys } = await this.#admin.listKeys()
    for (const { kid } of keys.toReversed())
      await this.#admin.retireKey(kid).catch((error: unknown) => {
        // A previous key goes by itself once all that it signed has expired.
        if (!(error instanceof BrokerError && error.code === "not_found")) throw error
      })
    const { body } = await call(this.#url, "POST /v1/token/validate", { json: { token: access_token } })
    const problems = body.valid ? ["the broker accepts a token of a retired key"] : []
    // The feed tells of it at once; the message may still be on its way.
    const deadline = performance.now() + 2000
    for (const { framework, ask } of this.#apis)
      while ((await ask(access_token)) === "accepted") {
        if (performance.now() > deadline) return [...problems, `${framework} accepts a token of a retired key`]
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    return problems
  }

  async #register() {
    const { launchToken } = await this.#admin.createLaunchToken({
      agentName: "rotating",
      allowedScope: ["read:data:*"],
      maxTtl: TOKEN_TTL,
      ttl: 60,
    })
    const json = await registration(this.#url, launchToken, { task_id: "rotating", requested_scope: ["read:data:*"] })
    const { status, body, text } = await call(this.#url, "POST /v1/register", { json })
    if (status !== 200) throw new Error(`a registration was refused: ${text}`)
    return body
  }

  async #delegate(bearer: string, delegateTo: string): Promise<string> {
    const json = { delegate_to: delegateTo, scope: ["read:data:*"], ttl: TOKEN_TTL }
    const { status, body, text } = await call(this.#url, "POST /v1/delegate", { bearer, json })
    if (status !== 200) throw new Error(`a delegation was refused: ${text}`)
    return body.access_token
  }

  /** Who refuses one of the tokens, and why. */
  async #refusedBy(tokens: readonly string[]): Promise<string[]> {
    const verdicts = tokens.flatMap((token) => [
      call(this.#url, "POST /v1/token/validate", { json: { token } }).then(({ body }) =>
        body.valid ? [] : ["the broker refuses a good token"],
      ),
      ...this.#apis.map(async ({ framework, ask }) => {
        const verdict = await ask(token)
        return verdict === "accepted" ? [] : [`${framework} refuses a good token: ${verdict}`]
      }),
    ])
    this.judged += verdicts.length
    return (await Promise.all(verdicts)).flat()
  }
}
