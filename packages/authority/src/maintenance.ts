import { setTimeout as pause } from "node:timers/promises"
import type { EventDraft } from "@agentwrit/audit"
import { isAgentRevoked } from "./agents/revoked.ts"
import type { AuthorityContext } from "./context.ts"
import { ConflictError } from "./ports/change.ts"
import { type Clock, steadyClock, toUnixSeconds } from "./ports/clock.ts"
import type { Prunable } from "./ports/housekeeping.ts"
import type { MaintenanceReport } from "./ports/observer.ts"
import type { Agent } from "./ports/records.ts"
import { commit } from "./trail/commit.ts"

const FIRST_RUN_AFTER_MS = 5_000
const RUN_INTERVAL_MS = 60_000

/** How long expired rows are kept: the clock may have been stepped (CONTRACT 2). */
const EXPIRED_GRACE_MS = 24 * 60 * 60 * 1000

/** Rows of one commit, and the pause between two, so that requests are served meanwhile. */
const MAX_PRUNED_AT_ONCE = 500
const MAX_EXPIRED_AT_ONCE = 64
const STEP_PAUSE_MS = 5

/** Slots of the set in memory that one step checks, and an upper limit of slots for each entry. */
const MAX_SLOTS_AT_ONCE = 65_536
const MAX_SLOTS_PER_ENTRY = 4

type Cleared = Omit<MaintenanceReport, "at">

const NOTHING: Cleared = { tokens: 0, nonces: 0, launchTokens: 0, issuedTokens: 0, agents: 0 }

/**
 * Deletes what has expired, every minute (the guide's "Background Maintenance"). Only one broker at a time does so in
 * the store.
 */
export class Maintenance {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()
  #isStopped = false
  readonly #context: AuthorityContext
  readonly #steadyClock: Clock

  /**
   * @param latest the latest instant that is known to be past: nothing is deleted because the clock was stepped
   * forward.
   */
  constructor(context: AuthorityContext, latest: number) {
    this.#context = context
    this.#steadyClock = steadyClock(context.clock, latest)
  }

  start(): void {
    this.#runAfter(FIRST_RUN_AFTER_MS)
  }

  /** Waits for the step that is running; the next start does the rest. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  /** Runs once, after the run that is in progress. */
  run(): Promise<MaintenanceReport> {
    const run = this.#running.then(() => this.#clear())
    this.#running = run.catch(() => undefined)
    return run
  }

  #runAfter(milliseconds: number): void {
    this.#timer = setTimeout(() => void this.#runAndRepeat(), milliseconds)
    this.#timer.unref()
  }

  async #runAndRepeat(): Promise<void> {
    try {
      await this.run()
    } catch (error) {
      this.#context.observer.maintenanceFailed?.(error)
    }
    if (!this.#isStopped) this.#runAfter(RUN_INTERVAL_MS)
  }

  async #clear(): Promise<MaintenanceReport> {
    const { clock, observer, store } = this.#context
    const cleared = (await store.housekeeping.withLease("maintenance", () => this.#clearStore())) ?? NOTHING
    await this.#clearMemory()
    const report = { at: clock.now(), ...cleared }
    observer.maintained?.(report)
    return report
  }

  async #clearStore(): Promise<Cleared> {
    const now = this.#steadyClock.now()
    const expired = now - EXPIRED_GRACE_MS
    return {
      tokens: await this.#prune("revocations", now),
      nonces: await this.#prune("nonces", expired),
      launchTokens: await this.#prune("launch_tokens", expired),
      issuedTokens: await this.#prune("tokens", expired),
      agents: await this.#expireAgents(this.#context.clock.now()),
    }
  }

  async #clearMemory(): Promise<void> {
    const { revocations } = this.#context
    const now = toUnixSeconds(this.#steadyClock.now())
    for (
      let slots = revocations.size * MAX_SLOTS_PER_ENTRY;
      slots > 0 && !this.#isStopped;
      slots -= MAX_SLOTS_AT_ONCE
    ) {
      revocations.pruneExpired(now, MAX_SLOTS_AT_ONCE)
      await pause(STEP_PAUSE_MS)
    }
  }

  async #prune(what: Prunable, before: number): Promise<number> {
    for (let total = 0; ; ) {
      const count = await this.#context.store.housekeeping.prune(what, before, MAX_PRUNED_AT_ONCE)
      total += count
      if (count < MAX_PRUNED_AT_ONCE || this.#isStopped) return total
      await pause(STEP_PAUSE_MS)
    }
  }

  async #expireAgents(now: number): Promise<number> {
    for (let total = 0; ; ) {
      const agents = await this.#context.store.records.expiredAgents(now, MAX_EXPIRED_AT_ONCE)
      const expired = await Promise.all(agents.map((agent) => this.#expire(agent, now)))
      total += expired.filter(Boolean).length
      if (agents.length < MAX_EXPIRED_AT_ONCE || this.#isStopped) return total
      await pause(STEP_PAUSE_MS)
    }
  }

  /** Marks that an agent's token expired, and writes its event, unless it was revoked: then that was its last event. */
  async #expire(agent: Agent, at: number): Promise<boolean> {
    const { agentId, jti, orchId, taskId, expiresAt } = agent
    const wasRevoked = isAgentRevoked(this.#context, agent)
    const event: EventDraft = {
      event_type: "token_expired",
      agent_id: agentId,
      task_id: taskId,
      orch_id: orchId,
      detail: `token ${jti} expired at ${new Date(expiresAt).toISOString()}`,
      outcome: "success",
    }
    try {
      const writes = [{ type: "expire_agent", agentId, jti, at } as const]
      await commit(this.#context, { writes, events: wasRevoked ? [] : [event] })
      return !wasRevoked
    } catch (error) {
      // Renewed or released in this moment.
      if (error instanceof ConflictError) return false
      throw error
    }
  }
}
