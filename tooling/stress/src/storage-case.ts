import { setTimeout as pause } from "node:timers/promises"
import { type BrokerFolder, type BrokerProcess, startBroker } from "@agentwrit/testing/broker-process"
import { type Answer, adminToken, type CallOptions, call } from "@agentwrit/testing/client"
import { type HeldToken, Ledger } from "./ledger.ts"
import { Load } from "./load.ts"
import { Random } from "./random.ts"
import { emptyTally, type Tally } from "./report.ts"
import { failSystemCalls } from "./system-call-faults.ts"
import { waitUntil } from "./wait-until.ts"

const LASTING = { AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400" }

/** Asks the broker something. */
export type Ask = (route: string, options?: CallOptions) => Promise<Answer>

/** A broker whose storage is about to fail, and what was done with it. */
export class StorageCase {
  readonly folder: BrokerFolder
  readonly ledger = new Ledger()
  readonly problems: string[] = []
  /** What became of the work, as the last look found it. */
  tally: Tally = emptyTally()
  readonly #random: Random
  /** Milliseconds for what must come about. */
  readonly patience: number
  #broker: BrokerProcess | undefined
  #admin = ""
  #expectations = 0

  constructor(folder: BrokerFolder, seed: number, patience: number) {
    this.folder = folder
    this.#random = new Random(seed)
    this.patience = patience
  }

  get broker(): BrokerProcess {
    if (this.#broker === undefined) throw new TypeError("the broker was not started")
    return this.#broker
  }

  get url(): string {
    return this.broker.url
  }

  /** The operator's token. */
  get admin(): string {
    return this.#admin
  }

  get load(): Load {
    return new Load(this.url, this.#admin, this.ledger, this.#random)
  }

  /** Whether anything was looked at: what was not cannot have held. */
  get hasLooked(): boolean {
    return this.#expectations > 0
  }

  /** Asks, and waits no longer than an operator would: who is not answered is stalled as well. */
  readonly ask: Ask = async (route, options) => {
    const late = new AbortController()
    const tooLate = pause(2 * this.patience, undefined, { signal: late.signal }).then(() => {
      throw new Error(`${route} was not answered within ${2 * this.patience} ms`)
    })
    try {
      return await Promise.race([call(this.url, route, options), tooLate])
    } finally {
      late.abort()
      tooLate.catch(() => undefined)
    }
  }

  async start(environment: Record<string, string> = {}, wrapper: readonly string[] = []): Promise<void> {
    this.#broker = await startBroker(this.folder, { ...LASTING, ...environment }, wrapper)
    // Where nothing can be committed nobody is signed in: what was handed out before is good.
    this.#admin = (await adminToken(this.url)) ?? this.#admin
  }

  /** A start and some work, in which a token is revoked for certain: it must stay so whatever happens. */
  async begin(steps: number, wrapper: readonly string[] = []): Promise<void> {
    await this.start({}, wrapper)
    await this.work(steps)
    await this.until(async () => {
      if (this.revokedToken !== undefined) return true
      await this.load.launchToken(true)
      await this.load.register()
      await this.load.revoke("token")
      return false
    })
  }

  /** So many steps of mixed work, several at once. */
  async work(steps: number): Promise<void> {
    const { load } = this
    for (let done = 0; done < steps; done += 8)
      await Promise.allSettled(Array.from({ length: Math.min(8, steps - done) }, () => load.step()))
  }

  expect(isTrue: boolean, otherwise: string): void {
    this.#expectations++
    if (!isTrue) this.problems.push(otherwise)
  }

  until(isTrue: () => boolean | Promise<boolean>, milliseconds: number = this.patience): Promise<boolean> {
    return waitUntil(isTrue, milliseconds)
  }

  /** Issues a launch token, or tries to. */
  issue(ask: Ask = this.ask): Promise<Answer | undefined> {
    const json = { agent_name: this.ledger.name("launch-"), allowed_scope: ["read:data:*"] }
    return this.ledger.attempt("launch_token", json.agent_name, () =>
      ask("POST /v1/admin/launch-tokens", { bearer: this.#admin, json }),
    )
  }

  /** Revokes a token, which must work whenever anything does. */
  async revoke({ jti }: HeldToken, ask: Ask = this.ask): Promise<void> {
    const marker = `token ${jti}`
    const json = { level: "token", target: jti }
    const answer = await this.ledger.attempt("revoke", marker, () =>
      ask("POST /v1/revoke", { bearer: this.#admin, json }),
    )
    if (answer?.status === 200) this.ledger.revoked.add(marker)
    this.expect(answer?.status === 200, `a revocation is answered with ${answer?.status}: ${answer?.text}`)
  }

  /** Tokens whose revocation was not tried yet, the newest last. */
  get unrevoked(): readonly HeldToken[] {
    return this.ledger.tokens.filter(
      ({ jti }) => !this.ledger.operations.has(`revoke token ${jti}`) && !this.ledger.revoked.has(`token ${jti}`),
    )
  }

  get revokedToken(): HeldToken | undefined {
    return this.ledger.tokens.find(({ jti }) => this.ledger.revoked.has(`token ${jti}`))
  }

  /** Makes system calls of the running broker fail, until the answer is disposed of. */
  inject(calls: string, fault: string): Promise<AsyncDisposable> {
    const words = ["-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}`]
    return failSystemCalls(this.broker.child.pid ?? 0, words)
  }
}
