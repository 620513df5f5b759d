import { constants } from "node:os"
import { setTimeout as delay } from "node:timers/promises"
import { type AgentWritError, BrokerError, NetworkError, UnexpectedAnswerError } from "@agentwrit/sdk/admin"
import { type Command, command } from "../command.ts"
import type { Context } from "../context.ts"
import { UsageError } from "../errors.ts"
import { eventLine } from "../event-columns.ts"
import { visible } from "../text.ts"
import { exact } from "../time.ts"
import { KEPT_EVENTS, ratesOf, Screen, type Shown } from "../watch/screen.ts"
import { type Snapshot, Watcher } from "../watch/watcher.ts"

const DEFAULT_INTERVAL_SECONDS = 2
const MAX_INTERVAL_SECONDS = 3600

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** `awrit watch` */
export const watch: Command = command({
  name: "watch",
  summary: "Watch the broker: active agents, denials, revocations and rates",
  details: [
    "On a terminal, one screen that is refreshed in place until Ctrl-C. Otherwise a line each time, and one for each denial and revocation; with --json an object each time. It goes on when the broker is away, and says so.",
  ],
  args: {
    interval: { type: "number", value: "SECONDS", description: "The time between two looks, 1 to 3600; default 2" },
  },
  examples: ["awrit watch", "awrit watch --interval 60 >> broker.log"],
  async run({ interval = DEFAULT_INTERVAL_SECONDS }, context) {
    if (typeof interval !== "number" || !(interval >= 1 && interval <= MAX_INTERVAL_SECONDS))
      throw new UsageError(`--interval must be a whole number from 1 to ${MAX_INTERVAL_SECONDS}`)
    const ended = new AbortController()
    const onSignal = (signal: NodeJS.Signals): void => ended.abort(signal)
    for (const signal of SIGNALS) process.on(signal, onSignal)
    try {
      await look(interval * 1000, AbortSignal.any([ended.signal, context.out.gone]), context)
    } catch (error) {
      if (!ended.signal.aborted) throw context.out.gone.aborted ? context.out.gone.reason : error
    } finally {
      for (const signal of SIGNALS) process.off(signal, onSignal)
    }
    return 128 + constants.signals[ended.signal.reason as NodeJS.Signals]
  },
})

/** Looks again and again, until the signal aborts or the broker refuses. */
async function look(intervalMs: number, signal: AbortSignal, context: Context): Promise<never> {
  const { out, settings } = context
  const watcher = new Watcher(await context.admin({ retries: 0 }), out.isOnTerminal ? KEPT_EVENTS : 0, signal)
  using view = out.isOnTerminal ? new ScreenView(settings.brokerUrl(), intervalMs, out) : new LineView(out)
  for (;;) {
    try {
      await view.show(await watcher.next())
    } catch (error) {
      signal.throwIfAborted()
      if (!isTemporary(error)) throw error
      view.showTrouble(error)
    }
    await delay(intervalMs, undefined, { signal })
  }
}

const isTemporary = (error: unknown): error is AgentWritError =>
  error instanceof NetworkError ||
  error instanceof UnexpectedAnswerError ||
  (error instanceof BrokerError && (error.status >= 500 || error.status === 429))

/** How snapshots are shown. */
interface View extends Disposable {
  show(snapshot: Snapshot): Promise<void>
  showTrouble(error: AgentWritError): void
}

/** One screen, which is drawn in place. */
class ScreenView implements View {
  readonly #screen: Screen
  #shown: Shown

  constructor(brokerUrl: string, intervalMs: number, out: Context["out"]) {
    this.#screen = new Screen(out)
    this.#shown = { brokerUrl, intervalMs, snapshot: undefined, denied: [], revoked: [], trouble: undefined }
    this.#screen.show(this.#shown)
  }

  async show(snapshot: Snapshot): Promise<void> {
    const denied = [...this.#shown.denied, ...snapshot.denied].slice(-KEPT_EVENTS)
    const revoked = [...this.#shown.revoked, ...snapshot.revoked].slice(-KEPT_EVENTS)
    this.#draw({ ...this.#shown, snapshot, denied, revoked, trouble: undefined })
  }

  showTrouble({ message }: AgentWritError): void {
    this.#draw({ ...this.#shown, trouble: { message, since: this.#shown.trouble?.since ?? Date.now() } })
  }

  #draw(shown: Shown): void {
    this.#shown = shown
    this.#screen.show(shown)
  }

  [Symbol.dispose](): void {
    this.#screen[Symbol.dispose]()
  }
}

/** Lines for a pipe or a log, or objects for programs. */
class LineView implements View {
  readonly #out: Context["out"]
  #isAway = false

  constructor(out: Context["out"]) {
    this.#out = out
  }

  async show(snapshot: Snapshot): Promise<void> {
    const { agents, at, denied, health, issuedRate = null, revoked, validatedRate = null } = snapshot
    if (this.#isAway) this.#out.warn("awrit: the broker answers again")
    this.#isAway = false
    if (this.#out.isForPrograms) {
      const rates = { tokens_issued_per_second: issuedRate, tokens_validated_per_second: validatedRate }
      const counts = { status: health.status, active_agents: agents.total, ...rates }
      await this.#out.item({ at: exact(at), ...counts, denied, revoked })
      return
    }
    await this.#out.lines([
      ...[...denied, ...revoked].map(eventLine),
      `${exact(at)}  ${health.status}, ${ratesOf(snapshot)}, ${denied.length} denied, ${revoked.length} revoked`,
    ])
  }

  /** Warns once an outage, not at each attempt. */
  showTrouble({ message }: AgentWritError): void {
    if (!this.#isAway) this.#out.warn(`awrit: ${visible(message)}; trying again`, "yellow")
    this.#isAway = true
  }

  [Symbol.dispose](): void {
    // There is nothing to restore.
  }
}
