import type { AuditEventType, EventDraft } from "@agentwrit/audit"
import type { Clock } from "../ports/clock.ts"
import { TokenBucket } from "./token-bucket.ts"

/** Denials of one source that get an event each, before only their number is written (CONTRACT 4). */
const SOURCE_BURST = 50
const SOURCE_REFILL_MS = 12_000

/**
 * The same for all sources together. Callers with a genuine token have their own bucket: a flood of strangers must
 * not hide what they were denied.
 */
const TOTAL_BURST = 5_000
const TOTAL_REFILL_MS = 50

/** Sources with their own bucket; further ones share one. */
const MAX_SOURCES = 10_000

/** How often the numbers are written, and how many events at a time (CONTRACT 4). */
const WRITE_INTERVAL_MS = 1_000
const MAX_EVENTS_PER_WRITE = 20

/** Key of the sources that share a bucket. */
const OTHERS = "others"

/** Denials of one type that wait to be written as one event. */
interface Counted {
  count: number
  /** The last of them. */
  draft: EventDraft
}

interface Source {
  readonly bucket: TokenBucket
  readonly counted: Map<AuditEventType, Counted>
}

/**
 * Keeps a flood of denials from filling the trail (CONTRACT 4). After a burst, the denials of a source become one event
 * a second for each type, with their number. Every denial is counted.
 */
export class DenialThrottle {
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  readonly #proven: TokenBucket
  readonly #unproven: TokenBucket
  /** By source and proven subject; the least recently used first. */
  readonly #sources = new Map<string, Source>()
  readonly #clock: Clock
  readonly #write: (events: readonly EventDraft[]) => Promise<unknown>

  /** @param write commits events; rejects when they are not written. */
  constructor(clock: Clock, write: (events: readonly EventDraft[]) => Promise<unknown>) {
    this.#clock = clock
    this.#write = write
    this.#proven = new TokenBucket(TOTAL_BURST, TOTAL_REFILL_MS, clock.now())
    this.#unproven = new TokenBucket(TOTAL_BURST, TOTAL_REFILL_MS, clock.now())
  }

  /** Whether a denial gets its own event. `subject`: who was denied, if a genuine token says so. */
  admits(source: string, subject: string | undefined): boolean {
    const now = this.#clock.now()
    const total = subject === undefined ? this.#unproven : this.#proven
    return this.#sourceOf(source, subject, now).bucket.take(now) && total.take(now)
  }

  /** Counts denials that get no separate event. */
  count(source: string, events: readonly EventDraft[]): void {
    for (const draft of events)
      addTo(this.#sourceOf(source, draft.agent_id, this.#clock.now()).counted, { draft, count: 1 })
    this.#schedule()
  }

  /** Writes what was counted, in one event for each type. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#writing
    const all = new Map<AuditEventType, Counted>()
    for (const { counted } of this.#sources.values()) for (const one of counted.values()) addTo(all, one)
    this.#sources.clear()
    if (all.size > 0) await this.#write([...all.values()].map((counted) => eventOf(counted, { isOneSource: false })))
  }

  #sourceOf(source: string, subject: string | undefined, now: number): Source {
    const key = `${source} ${subject ?? ""}`
    const known = this.#sources.get(key)
    if (known !== undefined) {
      // A Map keeps the order of insertion, so this makes it the most recently used.
      this.#sources.delete(key)
      this.#sources.set(key, known)
      return known
    }
    if (this.#sources.size < MAX_SOURCES || this.#dropLeastRecentlyUsed(now)) return this.#add(key, SOURCE_BURST, now)
    return this.#sources.get(OTHERS) ?? this.#add(OTHERS, 0, now)
  }

  #add(key: string, burst: number, now: number): Source {
    const source = { bucket: new TokenBucket(burst, SOURCE_REFILL_MS, now), counted: new Map() }
    this.#sources.set(key, source)
    return source
  }

  /** Makes room for one more source, if the least recently used one has its whole burst back and nothing counted. */
  #dropLeastRecentlyUsed(now: number): boolean {
    for (const [key, { bucket, counted }] of this.#sources) {
      if (key === OTHERS) continue
      return counted.size === 0 && bucket.isFull(now) && this.#sources.delete(key)
    }
    return false
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#writing = this.#writeCounted()
    }, WRITE_INTERVAL_MS).unref()
  }

  async #writeCounted(): Promise<void> {
    const taken: { readonly key: string; readonly source: Source; readonly counted: Counted }[] = []
    for (const [key, source] of this.#sources) {
      for (const [type, counted] of source.counted) {
        if (taken.length === MAX_EVENTS_PER_WRITE) break
        source.counted.delete(type)
        taken.push({ key, source, counted })
      }
    }
    try {
      await this.#write(taken.map(({ key, counted }) => eventOf(counted, { isOneSource: key !== OTHERS })))
    } catch {
      // The store cannot commit now: count them again.
      for (const { source, counted } of taken) addTo(source.counted, counted)
    }
    if ([...this.#sources.values()].some(({ counted }) => counted.size > 0)) this.#schedule()
  }
}

function addTo(all: Map<AuditEventType, Counted>, { draft, count }: Counted): void {
  const known = all.get(draft.event_type)
  all.set(draft.event_type, { draft, count: count + (known?.count ?? 0) })
}

/** The event of several requests: it names no request, and no address when they came from several sources. */
function eventOf({ draft, count }: Counted, { isOneSource }: { readonly isOneSource: boolean }): EventDraft {
  const { request_id: _, source, ...shared } = draft
  const detail = `${draft.detail} count=${count}`
  return { ...shared, detail, ...(isOneSource && source !== undefined && { source }) }
}
