import type { AuditEventType, EventDraft } from "@agentwrit/audit"
import type { Clock } from "./clock.ts"

/** Denials of one source that get an event each before the rest folds (CONTRACT 4). */
const BURST = 50

/** Milliseconds after which a quiet source has one of them back. */
const REGAIN = 12_000

/**
 * The same for all sources together, however many a flood has: once for callers who proved who they are, once for the others, so
 * that these cannot hide what those were denied.
 */
const BURST_OF_ALL = 5_000
const REGAIN_OF_ALL = 50

/** Sources that are told apart; those that find no place are counted together. */
const MAX_SOURCES = 10_000

/** Milliseconds between writing what was folded, and how many events are written then (CONTRACT 4). */
const INTERVAL = 1_000
const EVENTS_PER_INTERVAL = 20

/** Denials of one kind that wait to be written as one event. */
interface Folded {
  count: number
  /** The last of them. */
  draft: EventDraft
}

interface Source {
  readonly allowance: Allowance
  readonly folded: Map<AuditEventType, Folded>
}

/**
 * Keeps a flood of denials from filling the trail (CONTRACT 4): after a burst the denials of a source become one event a second
 * for each kind, with their number. None goes uncounted.
 */
export class DenialFold {
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  readonly #ofProven: Allowance
  readonly #ofOthers: Allowance
  /** By source and, for callers who proved who they are, by subject; the one that was quiet longest first. */
  readonly #sources = new Map<string, Source>()
  readonly #clock: Clock
  readonly #write: (events: readonly EventDraft[]) => Promise<unknown>

  /** @param write commits events; rejects when they are not written. */
  constructor(clock: Clock, write: (events: readonly EventDraft[]) => Promise<unknown>) {
    this.#clock = clock
    this.#write = write
    this.#ofProven = new Allowance(BURST_OF_ALL, REGAIN_OF_ALL, clock.now())
    this.#ofOthers = new Allowance(BURST_OF_ALL, REGAIN_OF_ALL, clock.now())
  }

  /** Whether a denial gets an event of its own. `subject`: who was denied, if proven. */
  admits(source: string, subject: string | undefined): boolean {
    const now = this.#clock.now()
    const { allowance } = this.#sourceOf(source, subject, now)
    const ofAll = subject === undefined ? this.#ofOthers : this.#ofProven
    return allowance.take(now) && ofAll.take(now)
  }

  /** Counts denials that get none. */
  fold(source: string, events: readonly EventDraft[]): void {
    for (const draft of events) {
      const { folded } = this.#sourceOf(source, draft.agent_id, this.#clock.now())
      this.#add(folded, draft, 1)
    }
    this.#wait()
  }

  /** Writes what is left, in one event for each kind. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    const all = new Map<AuditEventType, Folded>()
    for (const { folded } of this.#sources.values())
      for (const { draft, count } of folded.values()) this.#add(all, draft, count)
    this.#sources.clear()
    if (all.size > 0) await this.#write([...all.values()].map((folded) => eventOf(folded, undefined)))
  }

  #sourceOf(source: string, subject: string | undefined, now: number): Source {
    const key = `${source} ${subject ?? ""}`
    const known = this.#sources.get(key)
    if (known !== undefined) {
      // Map keeps the order of insertion: who asked last stands last.
      this.#sources.delete(key)
      this.#sources.set(key, known)
      return known
    }
    if (this.#sources.size >= MAX_SOURCES && !this.#forgetQuietest(now)) return this.#newSource(OTHERS, now, 0)
    return this.#newSource(key, now, BURST)
  }

  #newSource(key: string, now: number, burst: number): Source {
    const known = this.#sources.get(key)
    if (known !== undefined) return known
    const source = { allowance: new Allowance(burst, REGAIN, now), folded: new Map() }
    this.#sources.set(key, source)
    return source
  }

  /** Makes a place, unless even the source that was quiet longest has not its whole burst back. */
  #forgetQuietest(now: number): boolean {
    for (const [key, { allowance, folded }] of this.#sources) {
      if (key === OTHERS) continue
      return folded.size === 0 && allowance.isWhole(now) && this.#sources.delete(key)
    }
    return false
  }

  #add(folded: Map<AuditEventType, Folded>, draft: EventDraft, count: number): void {
    const known = folded.get(draft.event_type)
    if (known === undefined) folded.set(draft.event_type, { draft, count })
    else {
      known.count += count
      known.draft = draft
    }
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#writeFolded()
    }, INTERVAL).unref()
  }

  async #writeFolded(): Promise<void> {
    const taken: { readonly key: string; readonly source: Source; readonly folded: Folded }[] = []
    for (const [key, source] of this.#sources) {
      for (const [kind, folded] of source.folded) {
        if (taken.length === EVENTS_PER_INTERVAL) break
        source.folded.delete(kind)
        taken.push({ key, source, folded })
      }
    }
    try {
      await this.#write(taken.map(({ key, folded }) => eventOf(folded, key.split(" ")[0])))
    } catch {
      // The store cannot commit now: what was to be written goes on being counted.
      for (const { source, folded } of taken) this.#add(source.folded, folded.draft, folded.count)
    }
    if ([...this.#sources.values()].some(({ folded }) => folded.size > 0)) this.#wait()
  }
}

/** The place of all sources that found none. */
const OTHERS = "others"

function eventOf({ draft, count }: Folded, source: string | undefined): EventDraft {
  const from = source === undefined ? "" : ` source=${source}`
  return { ...draft, detail: `${draft.detail}${from} count=${count}` }
}

/** A burst that comes back bit by bit. */
class Allowance {
  #left: number
  #at: number
  readonly #burst: number
  readonly #regain: number

  constructor(burst: number, regain: number, now: number) {
    this.#burst = burst
    this.#left = burst
    this.#regain = regain
    this.#at = now
  }

  take(now: number): boolean {
    this.#drip(now)
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  isWhole(now: number): boolean {
    this.#drip(now)
    return this.#left === this.#burst
  }

  #drip(now: number): void {
    const regained = Math.max(0, now - this.#at) / this.#regain
    this.#left = Math.min(this.#burst, this.#left + regained)
    this.#at = now
  }
}
