import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import {
  ADMIN_SECRET,
  type BrokerFolder,
  type BrokerProcess,
  launch,
  startBroker,
} from "@agentwrit/testing/broker-process"
import { type Answer, adminToken, type CallOptions, call } from "@agentwrit/testing/client"
import { Random } from "@agentwrit/testing/random"
import { LONG_TTLS } from "../crashes.ts"
import { Findings } from "../findings.ts"
import { check } from "../ledger/check.ts"
import { type HeldToken, Ledger } from "../ledger/ledger.ts"
import { Load } from "../ledger/load.ts"
import { waitUntil } from "../wait-until.ts"

/** How long a broker may live on after an I/O error (CONTRACT 4). */
const GRACE_MS = 5000

/** A broker whose storage fails, the work that was done with it, and what it owes its clients then. */
export class StorageCase {
  readonly folder: BrokerFolder
  readonly ledger = new Ledger()
  readonly random: Random
  readonly found = new Findings()
  readonly #timeoutMs: number
  readonly #problems: string[] = []
  #broker: BrokerProcess | undefined
  #admin = ""

  constructor(folder: BrokerFolder, seed: number, timeoutMs = 8000) {
    this.folder = folder
    this.random = new Random(seed)
    this.#timeoutMs = timeoutMs
  }

  get database(): string {
    return join(this.folder.path, "data.db")
  }

  get broker(): BrokerProcess {
    if (this.#broker === undefined) throw new TypeError("the broker was not started")
    return this.#broker
  }

  get load(): Load {
    return new Load(this.broker.url, this.#admin, this.ledger, this.random)
  }

  /** Counts the whole case as one attempt. */
  finish(name: string): Findings {
    this.found.check(this.#problems.map((problem) => `${name}: ${problem}`))
    return this.found
  }

  async start(environment: Record<string, string> = {}): Promise<void> {
    this.#broker = await startBroker(this.folder, { ...LONG_TTLS, ...environment })
    // Nobody can sign in where nothing can be committed; the token from before still works.
    this.#admin = (await adminToken(this.broker.url)) ?? this.#admin
  }

  /** Starts, works, and makes sure that one token is revoked. */
  async begin(steps: number): Promise<void> {
    await this.start()
    await this.work(steps)
    while (this.#revokedToken === undefined) {
      await this.load.launchToken(true)
      await this.load.register()
      await this.load.revoke("token")
    }
  }

  /** Takes random steps, eight at a time. */
  async work(steps: number): Promise<void> {
    const { load } = this
    for (let done = 0; done < steps; done += 8) await Promise.allSettled(Array.from({ length: 8 }, () => load.step()))
  }

  expect(isTrue: boolean, otherwise: string): void {
    if (!isTrue) this.#problems.push(otherwise)
  }

  until(isTrue: () => boolean | Promise<boolean>, timeoutMs = this.#timeoutMs): Promise<boolean> {
    return waitUntil(isTrue, timeoutMs)
  }

  ask(route: string, options?: CallOptions): Promise<Answer> {
    return call(this.broker.url, route, options)
  }

  async isDegraded(): Promise<boolean> {
    const { status, body } = await this.ask("GET /v1/health")
    return status === 503 && body?.status === "degraded"
  }

  /** Works until the broker says that it cannot write. */
  workUntilDegraded(): Promise<boolean> {
    return this.until(async () => {
      await this.work(8)
      return this.isDegraded()
    })
  }

  issue(): Promise<Answer | undefined> {
    const json = { agent_name: this.ledger.name("launch-"), allowed_scope: ["read:data:*"] }
    return this.ledger.attempt("launch_token", json.agent_name, () =>
      this.ask("POST /v1/admin/launch-tokens", { bearer: this.#admin, json }),
    )
  }

  /** Nothing is issued, denials still work, health says 503, and the log has a FAIL line. */
  async expectStalled(): Promise<void> {
    let issued: Answer | undefined
    await this.until(async () => {
      issued = await this.issue()
      return issued?.status === 503
    })
    this.expect(issued?.status === 503, `issuance is answered with ${issued?.status}`)
    this.expect(issued?.headers.has("retry-after") === true, "a 503 has no Retry-After")
    this.expect(await this.until(() => this.isDegraded()), "health does not say that it is degraded")
    const { status } = await this.ask("GET /v1/admin/apps", { bearer: "no.such.token" })
    this.expect(status === 401, `a bad token is answered with ${status}`)
    const { body } = await this.ask("POST /v1/token/validate", { json: { token: this.#revokedToken?.text } })
    this.expect(body?.valid === false, "a revoked token is not refused")
    await this.expectLogged(/:FAIL\] \S+ \| store \|/)
  }

  /** On a full disk, the operator can still sign in and revoke, and nothing else works. */
  async expectOnlyRevocations(most: number): Promise<void> {
    await this.expectStalled()
    const { status } = await this.ask("POST /v1/admin/auth", { json: { secret: ADMIN_SECRET } })
    this.expect(status === 200, `the operator's sign-in is answered with ${status}`)
    const { operations, revoked, tokens } = this.ledger
    const living = tokens.filter(({ jti }) => !operations.has(`revoke token ${jti}`) && !revoked.has(`token ${jti}`))
    this.expect(living.length > 5, `only ${living.length} revocations were tried`)
    for (const { jti } of living.slice(-most)) {
      const json = { level: "token", target: jti }
      const answer = await this.ledger.attempt("revoke", `token ${jti}`, () =>
        this.ask("POST /v1/revoke", { bearer: this.#admin, json }),
      )
      this.expect(answer?.status === 200, `a revocation is answered with ${answer?.status}: ${answer?.text}`)
      if (answer?.status === 200) revoked.add(`token ${jti}`)
    }
    await this.expectStalled()
  }

  async expectRecovery(): Promise<void> {
    this.expect(await this.until(async () => !(await this.isDegraded())), "health does not recover")
    const answer = await this.issue()
    this.expect(answer?.status === 201, `issuance after the recovery is answered with ${answer?.status}`)
  }

  /** The broker ends with 70 when the outcome of a commit is unknown. */
  async expectEnd(): Promise<void> {
    const { child } = this.broker
    await this.until(() => child.exitCode !== null || child.signalCode !== null, GRACE_MS + this.#timeoutMs)
    this.expect(child.exitCode === 70, `the broker ended with ${child.exitCode ?? child.signalCode}, not 70`)
  }

  async expectLogged(line: RegExp): Promise<void> {
    const isThere = await this.until(() => line.test(this.broker.output().stderr))
    this.expect(isThere, `the log has no ${line}: ${this.broker.output().stderr}`)
  }

  async expectRefusedStart(message: RegExp): Promise<void> {
    for (const problem of await refusedStartProblems(this.folder, message)) this.expect(false, problem)
  }

  /** Restarts on the same files and compares the state with the ledger. */
  async expectNothingLost(): Promise<void> {
    await this.broker.end("SIGKILL")
    await this.start({ AA_LOG_LEVEL: "quiet" })
    this.found.add(await check(this.broker.url, this.#admin, this.ledger, this.folder.path))
    this.expect(this.ledger.acknowledgements > 0, "nothing was acknowledged, so nothing could be lost")
    await this.broker.end("SIGKILL")
  }

  /**
   * The broker reports the damage of its files: at the start, in its health, or by its end. Otherwise nothing is
   * damaged.
   */
  async expectDamageReported(): Promise<void> {
    try {
      await this.start()
    } catch (error) {
      const text = String(error)
      const isPlain = /agentwrit-broker: .*(damaged|backup|not a database|brought up to date)/.test(text)
      return this.expect(isPlain && !/^\s+at .*dist/m.test(text), `a start on a damaged file ends with: ${text}`)
    }
    await this.work(24)
    await this.until(async () => (await this.ask("GET /v1/health")).body.audit_chain !== "verifying")
    await this.work(24)
    const health = await this.ask("GET /v1/health").catch(() => undefined)
    if (health?.status === 200 && health.body.audit_chain === "ok") return this.expectNothingLost()
    for (const problem of this.ledger.problems) this.expect(false, problem)
    const { exitCode, signalCode } = this.broker.child
    const hasEndedWell = signalCode === null && (exitCode === null || exitCode === 70)
    this.expect(hasEndedWell, `the broker ended with ${exitCode ?? signalCode}, not 70`)
    await this.expectLogged(/:FAIL\] \S+ \| (audit \| the audit trail does not verify|store) \|/)
    this.expect(!/ran into a bug/.test(this.broker.output().stderr), "the log reports a bug")
    await this.broker.end("SIGKILL")
  }

  /** Makes system calls of the running broker fail until the end of the scope. */
  async inject(calls: string, fault: string): Promise<AsyncDisposable> {
    const { pid = 0 } = this.broker.child
    const words = `-f -q -o /dev/null -e trace=${calls} -e inject=${calls}:${fault} -p ${pid}`.split(" ")
    const tracer = spawn("strace", words, { stdio: "ignore" })
    if (!(await waitUntil(() => isTraced(pid)))) throw new Error("strace does not hold every thread of the broker")
    return {
      async [Symbol.asyncDispose]() {
        // The tracer ends by itself when the broker does.
        if (tracer.exitCode === null && tracer.kill("SIGTERM")) await once(tracer, "exit")
      },
    }
  }

  get #revokedToken(): HeldToken | undefined {
    return this.ledger.tokens.find(({ jti }) => this.ledger.revoked.has(`token ${jti}`))
  }
}

/** A refused start must end with exit code 1 and a message that says what to do, without a stack trace. */
export async function refusedStartProblems({ environment }: BrokerFolder, message: RegExp): Promise<string[]> {
  const { child, ended: end, output } = launch({ ...environment })
  await waitUntil(() => child.exitCode !== null || / listening on /.test(output().stdout), 20_000)
  child.kill("SIGKILL")
  const { code, signal, stderr } = await end
  const isRefused = code === 1 && message.test(stderr) && !/\n\s+at /.test(stderr)
  return isRefused ? [] : [`a start that must be refused ends with ${code ?? signal}: ${stderr}`]
}

async function isTraced(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`)
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, "utf8")))
  return states.every((state) => !/^TracerPid:\t0$/m.test(state))
}
