import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { type Authority, createAdminSecret, memoryCustody, openAuthority, Refusal } from "@agentwrit/authority"
import type { Store } from "@agentwrit/authority/ports"
import { type Claims, createSigningKey } from "@agentwrit/core"
import { Random } from "../random.ts"
import type { SettableClock } from "../settable-clock.ts"
import { TEST_SETTINGS } from "../settings.ts"
import { ALL_KINDS, CALLER, Judge, nameOf } from "./judge.ts"
import { Model, type ModelApp, type NewToken } from "./model.ts"
import type { ModelEntry, ModelToken } from "./rules.ts"

/** A random history of a broker. */
export interface HistoryOptions {
  /** Replays the same history. */
  readonly seed: number
  readonly steps: number
  readonly clock: SettableClock
  /** Opens the same store again after each restart. */
  readonly openStore: () => Store | Promise<Store>
  /** Whether to end before the last step. Default: never. */
  readonly isOver?: () => boolean
}

/** What a history did. */
export interface HistoryReport {
  /** Steps that were run. */
  readonly steps: number
  /** Tokens that were issued. */
  readonly tokens: number
  /** How often a step was done, and how often the broker refused one as the model says. */
  readonly counts: Readonly<Record<string, number>>
}

const SECRET = "the operator's own secret"
const DAY_MS = 86_400_000
const SCOPES = ["read:data:1", "read:data:2", "read:data:*", "write:data:1", "write:data:*"]
const NOBODY = "spiffe://agentwrit.local/agent/crm/t-none/0123456789abcdef"

/** The last actions that a failure shows. */
const SHOWN_ACTIONS = 30

/** How often each step is done, in parts. */
const WEIGHTS = {
  launch: 7,
  register: 16,
  signInApp: 4,
  signInAdmin: 1,
  delegate: 20,
  renew: 9,
  release: 3,
  reuse: 2,
  revokeToken: 3,
  revokeAgent: 2,
  revokeTask: 3,
  revokeChain: 1.5,
  revokeApp: 1,
  revokeAppAsAgent: 0.5,
  revokeAll: 0.3,
  restore: 3,
  createApp: 2,
  deregister: 0.5,
  changeCeiling: 2,
  rotateSecret: 2,
  maintain: 0.5,
  restart: 0.5,
} as const
type StepName = keyof typeof WEIGHTS

/**
 * Runs random steps on a broker, and judges every token that was ever issued by the model, the broker and an offline
 * verifier, which must agree on valid, expired (401) and revoked (403).
 * - The model decides for each step whether the broker must do it, or with which codes it may refuse.
 * - After each step the model and the verifier judge every token that had not expired before. The broker is asked (at
 *   validation and as a bearer) about tokens whose verdict changed, and about a sample of all others. A superseded
 *   token whose return ends its agent is presented by a step of its own.
 * - At the end the broker, the verifier and a second verifier that reads the whole feed judge every token.
 * @throws an error that names the seed, the last actions and the token.
 */
export async function judgeHistory(options: HistoryOptions): Promise<HistoryReport> {
  const history = new History(options)
  return history.run()
}

class History {
  readonly #options: HistoryOptions
  readonly #random: Random
  readonly #model: Model
  readonly #actions: string[] = []
  readonly #counts: Record<string, number> = {}
  readonly #judge: Judge
  readonly #note: { kept: string | undefined } = { kept: undefined }
  #authority!: Authority
  #operator!: Claims
  #names = 0

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#model = new Model(() => options.clock.now())
    this.#judge = new Judge(this.#model, this.#random, () => options.clock.now())
  }

  async run(): Promise<HistoryReport> {
    const { steps, isOver = () => false, clock, seed } = this.#options
    const names = Object.keys(WEIGHTS) as StepName[]
    let step = 0
    await this.#open()
    try {
      for (; step < steps && !isOver(); step++) {
        clock.set(clock.now() + this.#elapsed())
        const name = this.#pickStep(names)
        this.#act(`${new Date(clock.now()).toISOString()} ${name}`)
        await this.#steps[name]()
        await this.#judge.sample(this.#authority)
      }
      this.#act("the end")
      await this.#judge.all(this.#authority)
    } catch (error) {
      const actions = this.#actions.slice(-SHOWN_ACTIONS).join("\n  ")
      throw new Error(`seed ${seed}, step ${step}: ${(error as Error).message}\n  ${actions}`, { cause: error })
    } finally {
      await this.#authority.close()
    }
    return { steps: step, tokens: this.#model.tokens.length, counts: this.#counts }
  }

  readonly #steps: Readonly<Record<StepName, () => Promise<void>>> = {
    launch: async () => {
      const held = this.#someToken(({ kind }) => kind === "app")
      const byApp = held !== undefined && this.#random.chance(0.8)
      const app = byApp ? this.#model.apps.find(({ appId }) => appId === held.app) : undefined
      const allowedScope = this.#scopes(app?.ceiling)
      const ttl = this.#random.pick([5, 60, 600]) ?? 60
      const singleUse = this.#random.chance(0.3)
      const request = { agentName: "worker", allowedScope, ttl, maxTtl: 600, singleUse }
      const unheld = byApp ? this.#model.bearerFaults(held, ["app"]) : []
      const faults = unheld.length > 0 ? unheld : this.#model.launchFaults(app, allowedScope)
      const made = await this.#expect(faults, async () =>
        byApp
          ? this.#authority.createAppLaunchToken(CALLER, await this.#present(held, ["app"]), request)
          : this.#authority.createLaunchToken(CALLER, this.#operator, request),
      )
      if (made === undefined) return
      const { launchToken: text, expiresAt } = made
      const createdAt = this.#options.clock.now()
      this.#model.launches.push({ text, app, scope: allowedScope, createdAt, expiresAt, singleUse, isSpent: false })
    },
    register: async () => {
      const { clock } = this.#options
      const launches = this.#model.launches.slice(-8)
      const usable = launches.filter((one) => !one.isSpent && clock.now() < one.expiresAt)
      const launch = this.#random.pick(usable.length > 0 && this.#random.chance(0.9) ? usable : launches)
      if (launch === undefined) return
      // Few tasks at a time, so that agents share them; new ones, because a revoked task never comes back.
      const task = `t-${Math.max(0, Math.floor(this.#names / 5) - this.#random.integer(0, 3))}`
      this.#names++
      const scope = this.#scopes(launch.scope)
      const ttl = this.#random.pick([30, 300, 600]) ?? 300
      const issued = this.#newToken({ sub: agentIn(task), scope, task, app: launch.app?.appId })
      const registered = await this.#expect(this.#model.registrationFaults(launch, task, issued), () =>
        this.#authority.register(CALLER, {
          ...provenKey(this.#authority.challenge().nonce),
          launchToken: launch.text,
          orchId: "crm",
          taskId: task,
          requestedScope: scope,
          requestedTtl: ttl,
        }),
      )
      if (registered === undefined) return
      launch.isSpent = launch.singleUse
      this.#model.issue(this.#issued(registered.accessToken, { ...issued, sub: registered.agentId }, ttl))
    },
    signInApp: async () => {
      const app = this.#someApp()
      const secret = this.#random.pick(app?.secrets ?? [])?.text
      if (app === undefined || secret === undefined) return
      const { appId, clientId } = app
      const scope = ["app:launch-tokens:*", "app:agents:*", "app:audit:read"]
      const issued = this.#newToken({ kind: "app", sub: `app:${appId}`, scope, app: appId })
      const signedIn = await this.#expect(this.#model.signInFaults(app, secret, issued), () =>
        this.#authority.signInApp(CALLER, { clientId, clientSecret: secret }),
      )
      if (signedIn !== undefined)
        this.#model.issue(this.#issued(signedIn.accessToken, issued, TEST_SETTINGS.appTokenTtl))
    },
    signInAdmin: async () => {
      const { accessToken } = await this.#authority.signInAdmin(CALLER, SECRET)
      const issued = this.#newToken({ kind: "admin", sub: "admin", scope: [] })
      this.#model.issue(this.#issued(accessToken, issued, TEST_SETTINGS.adminTokenTtl))
    },
    delegate: async () => {
      const held = this.#someToken(({ kind }) => kind === "agent")
      const to = this.#someToken((token) => token.kind === "agent" && token.sub !== held?.sub)
      if (held === undefined || to === undefined) return
      const scope = this.#scopes(held.scope)
      const ttl = this.#random.pick([30, 300, 900]) ?? 300
      const { task } = held
      const own = this.#model.current.get(to.sub)
      const issued = this.#newToken({ sub: to.sub, scope, task, app: own?.app, from: held })
      const made = await this.#expect(this.#model.delegationFaults(held, to.sub, issued), async () =>
        this.#authority.delegate(CALLER, await this.#present(held, ["agent"]), { delegateTo: to.sub, scope, ttl }),
      )
      if (made === undefined) return
      this.#model.issue(this.#issued(made.accessToken, issued, Math.min(ttl, held.exp - issued.iat)))
    },
    renew: async () => {
      const held = this.#someToken(
        ({ kind, from }) => kind === "agent" && (from === undefined || this.#random.chance(0.1)),
      )
      if (held === undefined) return
      const { sub, scope, task, app } = held
      const issued = this.#newToken({ sub, scope, task, app })
      const renewed = await this.#expect(this.#model.renewalFaults(held, issued), async () =>
        this.#authority.renewToken(CALLER, await this.#present(held, ["agent"])),
      )
      if (renewed !== undefined) this.#model.renew(held, this.#issued(renewed.accessToken, issued, held.exp - held.iat))
    },
    release: async () => {
      const held = this.#someToken()
      if (held === undefined) return
      const cascade = this.#random.chance(0.3)
      const released = await this.#expect(this.#model.bearerFaults(held, ALL_KINDS), async () => {
        await this.#authority.releaseToken(CALLER, await this.#present(held, ALL_KINDS), { cascade })
        return true
      })
      if (released !== undefined) this.#model.list({ level: "token", target: held.jti, alone: !cascade })
    },
    reuse: async () => {
      const superseded = this.#random.pick(this.#model.tokens.filter((token) => this.#model.isReuse(token)))
      if (superseded !== undefined) await this.#judge.ask(this.#authority, superseded)
    },
    revokeToken: () => this.#revoke("token", this.#someToken()?.jti ?? "0".repeat(32)),
    revokeAgent: () => this.#revoke("agent", this.#someToken(({ kind }) => kind === "agent")?.sub ?? NOBODY),
    revokeTask: () => this.#revoke("task", this.#someToken(({ task }) => task !== undefined)?.task ?? "t-none"),
    revokeChain: () => this.#revoke("chain", this.#someToken(({ kind }) => kind === "agent")?.sub ?? NOBODY),
    revokeApp: () => this.#revoke("app", this.#someApp()?.appId ?? "app-none-0a1b2c"),
    revokeAppAsAgent: () => this.#revoke("agent", `app:${this.#someApp()?.appId ?? "app-none-0a1b2c"}`),
    revokeAll: () => this.#revoke("all", "*"),
    restore: async () => {
      const app = this.#random.pick(this.#model.apps.filter(({ isRevoked }) => isRevoked)) ?? this.#someApp()
      if (app === undefined) return
      const restored = await this.#expect(this.#model.changeFaults(app), () =>
        this.#authority.restoreApp(CALLER, this.#operator, app.appId),
      )
      if (restored !== undefined) app.isRevoked = false
    },
    createApp: async () => {
      if (this.#model.apps.filter(({ isInactive }) => !isInactive).length >= 3) return
      const ceiling = this.#scopes(SCOPES)
      const name = `app-${this.#model.apps.length}`
      const made = await this.#authority.createApp(CALLER, this.#operator, { name, scopes: ceiling })
      const { appId, clientId, clientSecret: text } = made
      const secrets = [{ text, until: Number.POSITIVE_INFINITY }]
      this.#model.apps.push({ appId, clientId, ceiling, secrets, isInactive: false, isRevoked: false })
    },
    deregister: async () => {
      const app = this.#someApp()
      if (app === undefined) return
      const endsAgents = this.#random.chance(0.5)
      this.#act(`  ${app.appId}${endsAgents ? " with its agents" : ""}`)
      await this.#authority.deregisterApp(CALLER, this.#operator, app.appId, endsAgents)
      this.#model.deregister(app, endsAgents)
    },
    changeCeiling: async () => {
      const app = this.#someApp()
      if (app === undefined) return
      const scopes = this.#scopes(SCOPES)
      const changed = await this.#expect(this.#model.changeFaults(app), () =>
        this.#authority.updateApp(CALLER, this.#operator, app.appId, { scopes }),
      )
      if (changed !== undefined) app.ceiling = scopes
    },
    rotateSecret: async () => {
      const app = this.#someApp()
      if (app === undefined) return
      const grace = this.#random.pick([0, 5, 600]) ?? 0
      const rotated = await this.#expect(this.#model.changeFaults(app), () =>
        this.#authority.rotateAppSecret(CALLER, this.#operator, app.appId, { grace }),
      )
      if (rotated === undefined) return
      // An app has two secrets at most: the one before ends after the grace, all others at once.
      const ends = this.#options.clock.now() + grace * 1000
      const last = app.secrets.length - 1
      const secrets = app.secrets.map(({ text }, at) => ({ text, until: at === last ? ends : 0 }))
      app.secrets = [...secrets, { text: rotated.clientSecret, until: Number.POSITIVE_INFINITY }]
    },
    maintain: async () => {
      await this.#authority.maintain()
    },
    restart: async () => {
      await this.#authority.close()
      await this.#open()
      this.#judge.reconnect()
    },
  }

  async #open(): Promise<void> {
    const { clock, openStore } = this.#options
    this.#authority = await openAuthority({
      settings: TEST_SETTINGS,
      store: await openStore(),
      clock,
      keys: memoryCustody(createSigningKey(new Uint8Array(32).fill(1))),
      auditKey: createSigningKey(new Uint8Array(32).fill(2)),
      adminSecret: createAdminSecret(SECRET),
      anchor: {
        kept: async () => this.#note.kept,
        keep: async (newer) => {
          this.#note.kept = newer
        },
      },
    })
    const { accessToken } = await this.#authority.signInAdmin(CALLER, SECRET)
    this.#operator = await this.#authority.authenticate(CALLER, accessToken, { kinds: ["admin"] })
  }

  /** Mostly less than a second, so that cutoffs and what follows them share one; now and then past all expiries. */
  #elapsed(): number {
    const chance = this.#random.next()
    if (chance < 0.001) return 2 * DAY_MS
    return this.#random.integer(0, chance < 0.01 ? 400_000 : 1500)
  }

  #pickStep(names: readonly StepName[]): StepName {
    let rest = this.#random.next() * names.reduce((sum, name) => sum + WEIGHTS[name], 0)
    return names.find((name) => {
      rest -= WEIGHTS[name]
      return rest < 0
    }) as StepName
  }

  async #revoke(level: ModelEntry["level"], target: string): Promise<void> {
    this.#act(`  ${level} ${target}`)
    await this.#authority.revoke(CALLER, this.#operator, { level, target })
    this.#model.revoke(level, target)
  }

  /** Does what the model allows. The broker must refuse all else, with one of these codes. */
  async #expect<T>(faults: readonly string[], attempt: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await attempt()
      if (faults.length > 0) throw new Error(`the broker did what the model refuses: ${faults.join(", ")}`)
      return done
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const { code, reason } = error
      this.#act(`  refused: ${code}, ${reason}`)
      this.#count(`refused ${code}`)
      if (!faults.includes(code))
        throw new Error(`the broker refused with ${code} (${reason}); the model says: ${faults.join(", ") || "do it"}`)
      return undefined
    }
  }

  #present(token: ModelToken, kinds: readonly ModelToken["kind"][]): Promise<Claims> {
    this.#act(`  with ${nameOf(token)}`)
    this.#model.present(token)
    return this.#authority.authenticate(CALLER, token.text, { kinds })
  }

  /** Mostly a good token. */
  #someToken(fits: (token: ModelToken) => boolean = () => true): ModelToken | undefined {
    const recent = this.#model.tokens.slice(-200).filter(fits)
    const isGood = (token: ModelToken) => this.#model.verdict(token) === "valid"
    const good = this.#random.chance(0.9) ? recent.filter(isGood) : []
    return this.#random.pick(good.length > 0 ? good : recent)
  }

  /** Mostly an active app. */
  #someApp(): ModelApp | undefined {
    const { apps } = this.#model
    const active = this.#random.chance(0.9) ? apps.filter(({ isInactive }) => !isInactive) : []
    return this.#random.pick(active.length > 0 ? active : apps)
  }

  /** One or two scopes, mostly from the given ones. */
  #scopes(within: readonly string[] = SCOPES): string[] {
    const from = this.#random.chance(0.9) ? within : SCOPES
    const picked = [this.#random.pick(from), this.#random.pick(from)]
    return [...new Set(picked.filter((scope) => scope !== undefined))]
  }

  #newToken({ kind = "agent", sub, scope, task, app, from }: Wanted): NewToken {
    return {
      kind,
      sub,
      scope,
      iat: this.#model.seconds,
      ...(task !== undefined && { task }),
      ...(app !== undefined && { app }),
      ...(from !== undefined && { from }),
    }
  }

  /** The token that the broker issued. Its times must be those of the model. */
  #issued(text: string, wanted: NewToken, ttl: number): ModelToken {
    const claims: Claims = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString())
    const { jti, iat, exp, sub } = claims
    if (sub !== wanted.sub || iat !== wanted.iat || exp !== wanted.iat + ttl)
      throw new Error(`${sub} got a token from ${iat} to ${exp}; the model says ${wanted.iat} to ${wanted.iat + ttl}`)
    const token = { ...wanted, text, jti, exp }
    this.#act(`  issued ${nameOf(token)}${token.from === undefined ? "" : ` from ${token.from.jti}`}`)
    return token
  }

  #act(text: string): void {
    this.#actions.push(text)
    if (this.#actions.length > SHOWN_ACTIONS) this.#actions.shift()
    if (!text.startsWith(" ")) this.#count(text.split(" ").at(-1) ?? "")
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
  }
}

interface Wanted {
  readonly kind?: ModelToken["kind"]
  readonly sub: string
  readonly scope: readonly string[]
  readonly task?: string | undefined
  readonly app?: string | undefined
  readonly from?: ModelToken | undefined
}

/** Stands for the agent that a registration makes, whose id only the broker knows. */
const agentIn = (task: string): string => `spiffe://agentwrit.local/agent/crm/${task}/new`

function provenKey(nonce: string): { publicKey: string; signature: string; nonce: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  return {
    nonce,
    publicKey: rawKey(publicKey),
    signature: sign(null, Buffer.from(nonce, "hex"), privateKey).toString("base64"),
  }
}

const rawKey = (key: KeyObject): string =>
  Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("base64")
