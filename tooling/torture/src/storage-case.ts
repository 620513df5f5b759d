import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readdir, readFile } from "node:fs/promises"
import { type BrokerFolder, type BrokerProcess, runBroker, startBroker } from "@agentwrit/e2e/broker-process"
import { type Answer, adminToken, call } from "@agentwrit/e2e/client"
import { check } from "./check.ts"
import { Ledger } from "./ledger.ts"
import { Load } from "./load.ts"
import { Random } from "./random.ts"

const LASTING = { AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400" }

/** A broker whose storage is about to fail, and what was done with it. */
export class StorageCase {
  readonly folder: BrokerFolder
  readonly ledger = new Ledger()
  readonly problems: string[] = []
  readonly #random: Random
  #broker: BrokerProcess | undefined
  #admin = ""

  constructor(folder: BrokerFolder, seed: number) {
    this.folder = folder
    this.#random = new Random(seed)
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

  async start(environment: Record<string, string> = {}, wrapper: readonly string[] = []): Promise<void> {
    this.#broker = await startBroker(this.folder, { ...LASTING, ...environment }, wrapper)
    this.#admin = await adminToken(this.url)
  }

  /** So many steps of mixed work, several at once. */
  async work(steps: number): Promise<void> {
    const { load } = this
    for (let done = 0; done < steps; done += 8)
      await Promise.allSettled(Array.from({ length: Math.min(8, steps - done) }, () => load.step()))
  }

  expect(isTrue: boolean, otherwise: string): void {
    if (!isTrue) this.problems.push(otherwise)
  }

  /** Nothing is issued, denials are denied, health says 503, and the log tells of it. */
  async expectStalled(): Promise<void> {
    // Where some room is left, or comes back, one more may get through: what counts is that none of it is lost.
    let issued: Answer | undefined
    await this.until(async () => {
      issued = await this.#issue()
      return issued?.status === 503
    })
    this.expect(issued?.status === 503, `issuance is answered with ${issued?.status}`)
    const hasRetryAfter = issued?.headers.get("retry-after") !== null
    this.expect(issued?.status !== 503 || hasRetryAfter, "a 503 has no Retry-After")
    const isTold = await this.until(async () => {
      const { status, body } = await call(this.url, "GET /v1/health")
      return status === 503 && body?.status === "degraded"
    })
    this.expect(isTold, "health does not say that it is degraded")
    await this.expectDenials()
    const { stderr } = this.broker.output()
    this.expect(/:FAIL\] \S+ \| store \|/.test(stderr), "no FAIL line of the store is logged")
  }

  /** As {@link expectStalled}, when it takes an attempt to find out. */
  async expectStalledOnceTried(): Promise<void> {
    await this.until(async () => {
      await this.work(8)
      return (await call(this.url, "GET /v1/health")).status === 503
    })
    await this.expectStalled()
  }

  /** As {@link expectStalled}, when what waits already is enough to find out. */
  async expectStalledByItself(): Promise<void> {
    await this.until(async () => (await call(this.url, "GET /v1/health")).status === 503)
    await this.expectStalled()
  }

  /** The next start is refused with a message that says what to do, and no stack. */
  async expectRefusal(message: RegExp): Promise<void> {
    const { code, stderr } = await runBroker(this.folder.environment)
    this.expect(code === 1 && message.test(stderr) && !/\n\s+at /.test(stderr), `a start ends with ${code}: ${stderr}`)
  }

  /** Either it does not start and says why, or it serves and says what is wrong; it never answers with a bug. */
  async expectDamageTold(): Promise<void> {
    try {
      await this.start()
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      const isPlain = /agentwrit-broker: .*(damaged|backup|not a database|brought up to date)/.test(text)
      this.expect(isPlain && !/^\s+at .*dist/m.test(text), `a start on a damaged file ends with: ${text}`)
      return
    }
    await this.work(40)
    await this.until(async () => (await call(this.url, "GET /v1/health")).body.audit_chain !== "verifying")
    const { child } = this.broker
    const health = await call(this.url, "GET /v1/health").catch(() => undefined)
    const isTold = health?.status !== 200 || health.body.audit_chain === "broken" || child.exitCode === 70
    if (isTold) {
      this.problems.push(...this.ledger.problems)
      const { stderr } = this.broker.output()
      this.expect(/:FAIL\]/.test(stderr) && !/a request ran into a bug/.test(stderr), `the log says ${stderr}`)
      await this.broker.end("SIGKILL")
    } else await this.expectNothingLost()
  }

  /** Whatever else does not work, what must be refused is. */
  async expectDenials(): Promise<void> {
    const bad = await call(this.url, "GET /v1/admin/apps", { bearer: "no.such.token" })
    this.expect(bad.status === 401, `a bad token is answered with ${bad.status}`)
    const dead = this.ledger.tokens.find(({ jti }) => this.ledger.revoked.has(`token ${jti}`))
    if (dead === undefined) return
    const { body } = await call(this.url, "POST /v1/token/validate", { json: { token: dead.text } })
    this.expect(body?.valid === false, "a revoked token validates")
  }

  /** Waits until it commits again. */
  async expectRecovery(): Promise<void> {
    const isGood = await this.until(async () => (await call(this.url, "GET /v1/health")).status === 200)
    this.expect(isGood, "health does not recover")
    const answer = await this.#issue()
    this.expect(answer?.status === 201, `issuance after the recovery is answered with ${answer?.status}`)
  }

  #issue(): Promise<Answer | undefined> {
    const json = { agent_name: this.ledger.name("launch-"), allowed_scope: ["read:data:*"] }
    return this.ledger.attempt("launch_token", json.agent_name, () =>
      call(this.url, "POST /v1/admin/launch-tokens", { bearer: this.#admin, json }),
    )
  }

  /** The broker ends by itself with 70, because the outcome of a commit is unknown. */
  async expectEnd(): Promise<void> {
    const { child } = this.broker
    await this.until(async () => child.exitCode !== null || child.signalCode !== null, 12_000)
    this.expect(child.exitCode === 70, `the broker ended with ${child.exitCode ?? child.signalCode}, not 70`)
  }

  async until(isTrue: () => Promise<boolean>, milliseconds = 8000): Promise<boolean> {
    const end = performance.now() + milliseconds
    while (performance.now() < end) {
      if (await isTrue().catch(() => false)) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return false
  }

  /** Restarts on the same files and holds the state against the ledger. */
  async expectNothingLost(): Promise<void> {
    await this.broker.end("SIGKILL")
    await this.start({ AA_LOG_LEVEL: "quiet" })
    const { problems } = await check(this.url, this.#admin, this.ledger, this.folder.path)
    this.problems.push(...problems)
    await this.broker.end("SIGKILL")
  }

  /** Makes system calls of the running broker fail, until the answer is disposed of. */
  async inject(...words: readonly string[]): Promise<AsyncDisposable> {
    const tracer = spawn("strace", ["-f", "-q", "-o", "/dev/null", ...words, "-p", String(this.broker.child.pid)], {
      stdio: "ignore",
    })
    await this.until(async () => (await isTraced(this.broker.child.pid ?? 0)) || tracer.exitCode !== null)
    return { [Symbol.asyncDispose]: () => ended(tracer) }
  }
}

async function isTraced(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`)
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, "utf8")))
  return states.every((state) => !/^TracerPid:\t0$/m.test(state))
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, "exit")
  child.kill("SIGTERM")
  await exit
}
