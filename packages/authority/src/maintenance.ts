import { setTimeout as pause } from "node:timers/promises"
import { type Clock, steadyClock, toUnixSeconds } from "./clock.ts"
import type { AuthorityContext } from "./context.ts"
import type { Agent } from "./records.ts"
import { ConflictError } from "./store.ts"
import { isListed } from "./token-check.ts"
import { commit } from "./trail.ts"

/** What one run of the maintenance did. */
export interface MaintenanceReport {
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly at: number
  /** Token-level revocations that were forgotten. */
  readonly tokens: number
  readonly nonces: number
  readonly launchTokens: number
  readonly delegatedTokens: number
  /** Agents whose token ran out. */
  readonly agents: number
}

/** Milliseconds until the first run, and between one and the next. */
const FIRST = 5_000
const INTERVAL = 60_000

/** Milliseconds for which what has expired is kept: the clock may have been stepped (CONTRACT 2). */
const GRACE = 24 * 60 * 60 * 1000

/** Rows a commit, and milliseconds between two, so that requests go on meanwhile. */
const PRUNED_AT_ONCE = 500
const EXPIRED_AT_ONCE = 64
const BREATH = 5

/** Entries of the set in memory that one step looks at, and how much of its table that set may leave empty. */
const SLOTS_AT_ONCE = 65_536
const SLOTS_PER_ENTRY = 4

/** Clears away what has expired, every minute (CONTRACT 7, the guide's "Background Maintenance"). */
export class Maintenance {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()
  #stopped = false
  readonly #context: AuthorityContext
  readonly #steady: Clock

  /** @param latest the latest instant that is known to have been: what is forgotten is reckoned from there. */
  constructor(context: AuthorityContext, latest: number) {
    this.#context = context
    this.#steady = steadyClock(context.clock, latest)
  }

  start(): void {
    this.#wait(FIRST)
  }

  /** Waits for the step under way; what is left is for the next start. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  /** Runs once, behind the run under way if there is one. */
  run(): Promise<MaintenanceReport> {
    const run = this.#running.then(() => this.#clearAway())
    this.#running = run.catch(() => undefined)
    return run
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => void this.#runAndWait(), milliseconds)
    this.#timer.unref()
  }

  async #runAndWait(): Promise<void> {
    try {
      await this.run()
    } catch (error) {
      this.#context.observer.maintenanceFailed?.(error)
    }
    if (!this.#stopped) this.#wait(INTERVAL)
  }

  async #clearAway(): Promise<MaintenanceReport> {
    const { clock, observer, revocations, store } = this.#context
    const passed = this.#steady.now()
    const expired = passed - GRACE
    const tokens = await this.#prune(() => store.pruneRevocations(passed, PRUNED_AT_ONCE))
    const nonces = await this.#prune(() => store.pruneNonces(expired, PRUNED_AT_ONCE))
    const launchTokens = await this.#prune(() => store.pruneLaunchTokens(expired, PRUNED_AT_ONCE))
    const delegatedTokens = await this.#prune(() => store.pruneDelegatedTokens(expired, PRUNED_AT_ONCE))
    for (let slots = revocations.size * SLOTS_PER_ENTRY; slots > 0 && !this.#stopped; slots -= SLOTS_AT_ONCE) {
      revocations.forgetExpired(toUnixSeconds(passed), SLOTS_AT_ONCE)
      await pause(BREATH)
    }
    const agents = await this.#expireAgents(clock.now())
    const report = { at: clock.now(), tokens, nonces, launchTokens, delegatedTokens, agents }
    observer.maintained?.(report)
    return report
  }

  async #prune(step: () => Promise<number>): Promise<number> {
    for (let pruned = 0; ; ) {
      const count = await step()
      pruned += count
      if (count < PRUNED_AT_ONCE || this.#stopped) return pruned
      await pause(BREATH)
    }
  }

  async #expireAgents(now: number): Promise<number> {
    for (let expired = 0; ; ) {
      const agents = await this.#context.store.agentsRunOut(now, EXPIRED_AT_ONCE)
      const told = await Promise.all(agents.map((agent) => this.#expire(agent, now)))
      expired += told.filter(Boolean).length
      if (agents.length < EXPIRED_AT_ONCE || this.#stopped) return expired
      await pause(BREATH)
    }
  }

  /** Marks that an agent's token ran out and tells of it; one that was revoked before had its event then. */
  async #expire(agent: Agent, at: number): Promise<boolean> {
    const { agentId, jti, orchId, taskId, expiresAt } = agent
    const isRevoked = [["token", jti] as const, ["agent", agentId] as const, ["task", taskId] as const].some(
      ([level, target]) => isListed(this.#context, level, target),
    )
    try {
      await commit(this.#context, {
        writes: [{ type: "expire_agent", agentId, jti, at }],
        events: isRevoked
          ? []
          : [
              {
                event_type: "token_expired",
                agent_id: agentId,
                task_id: taskId,
                orch_id: orchId,
                detail: `token ${jti} ran out at ${new Date(expiresAt).toISOString()}`,
                outcome: "success",
              },
            ],
      })
      return !isRevoked
    } catch (error) {
      // Renewed or released in this moment.
      if (error instanceof ConflictError) return false
      throw error
    }
  }
}
