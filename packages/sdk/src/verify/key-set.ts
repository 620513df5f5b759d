import { CoreError, type FindKey, parseJwkSet, type VerifyingKey } from "@agentwrit/core"
import { abortable } from "../abortable.ts"
import type { BrokerClient } from "../broker-client.ts"
import { UnexpectedAnswerError } from "../errors.ts"
import { delay } from "../retry.ts"
import { boundedText } from "./bounded-text.ts"
import { jwks } from "./calls.ts"
import { VerifierUnavailableError } from "./errors.ts"

/** Between two fetches, however many unknown key ids arrive (CONTRACT 9). */
const MIN_FETCH_INTERVAL_MS = 1_000

/** Between two regular fetches. A broker publishes a new key for 5 minutes before it signs. */
const REFRESH_INTERVAL_MS = 60_000

/** The most callers that wait for the next fetch. For further ones the key is unknown at once. */
const MAX_WAITING = 256

/** The most keys of a set. A broker publishes a few. */
const MAX_KEYS = 64

/** As long as a broker tells of a retired key, and longer than a cache may hold the set (CONTRACT 9). */
const RETIREMENT_MS = 10 * 60 * 1000

/** Far more than a set of {@link MAX_KEYS} keys has. */
const MAX_SET_BYTES = 256 * 1024

/**
 * The broker's published keys by key id. They are fetched when an unknown id arrives and regularly, and kept when a
 * fetch fails.
 */
export class KeySet {
  #keys: ReadonlyMap<string, VerifyingKey> = new Map()
  /** Key ids that the last fetch did not contain. */
  #absent = new Set<string>()
  /** Until when each retired key id is refused: a fetch that was under way, or a cache, may still have its key. */
  #retiredUntil = new Map<string, number>()
  #upcoming: Promise<void> | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #waiting = 0
  readonly #client: BrokerClient
  readonly #signal: AbortSignal

  /** @param signal ends all fetching. */
  constructor(client: BrokerClient, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /** The key with this id, if the last fetch contained it. Does not wait. */
  readonly known: FindKey = (keyId) => this.#keys.get(keyId)

  /**
   * The key with this id, after a new fetch. It waits until the next fetch is due.
   * @throws {@link VerifierUnavailableError} `keys_unavailable` when that fetch fails.
   */
  async find(keyId: string): Promise<VerifyingKey | undefined> {
    if ((this.#absent.has(keyId) && !this.#isDue()) || this.#waiting >= MAX_WAITING) return this.known(keyId)
    this.#waiting++
    try {
      await this.#fetchWhenDue()
    } finally {
      this.#waiting--
    }
    const found = this.known(keyId)
    if (found === undefined) this.#absent.add(keyId)
    return found
  }

  /**
   * Fetches the keys unless there are some.
   * @throws {@link VerifierUnavailableError} `keys_unavailable`.
   */
  async load(): Promise<void> {
    if (this.#keys.size === 0) await this.#fetchWhenDue()
  }

  /**
   * Verifies something with these keys. When its key is unknown, fetches the keys and tries again.
   * @param verify throws when it finds no key.
   * @throws the errors of `verify` and of {@link KeySet.find}.
   */
  async verifying<T>(verify: (findKey: FindKey) => T): Promise<T> {
    let unknown: string | undefined
    try {
      return verify((keyId) => {
        const key = this.known(keyId)
        if (key === undefined) unknown = keyId
        return key
      })
    } catch (error) {
      if (unknown === undefined || (await this.find(unknown)) === undefined) throw error
    }
    return verify(this.known)
  }

  /** Forgets keys that the broker retired, at once. No set that is fetched soon after brings them back. */
  forget(keyIds: readonly string[]): void {
    const now = performance.now()
    this.#retiredUntil = new Map([...this.#retiredUntil].filter(([, until]) => until > now))
    for (const keyId of keyIds) this.#retiredUntil.set(keyId, now + RETIREMENT_MS)
    if (keyIds.some((keyId) => this.#keys.has(keyId))) this.#keep([...this.#keys.values()])
  }

  /** Fetches the keys regularly, so that a withdrawn key is not trusted for long. A failed fetch changes nothing. */
  async keepFresh(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#fetchWhenDue().catch(() => undefined)
      await delay(this.#keys.size === 0 ? MIN_FETCH_INTERVAL_MS : REFRESH_INTERVAL_MS, this.#signal).catch(
        () => undefined,
      )
    }
  }

  #isDue(): boolean {
    return performance.now() - this.#startedAt >= MIN_FETCH_INTERVAL_MS
  }

  /** Concurrent callers share one fetch. */
  #fetchWhenDue(): Promise<void> {
    this.#upcoming ??= this.#fetch().finally(() => {
      this.#upcoming = undefined
    })
    return this.#upcoming
  }

  async #fetch(): Promise<void> {
    try {
      const wait = this.#startedAt + MIN_FETCH_INTERVAL_MS - performance.now()
      if (wait > 0) await delay(wait, this.#signal)
      this.#startedAt = performance.now()
      const fetching = this.#client.exchange(jwks, { signal: this.#signal }, (answer) => this.#read(answer))
      const keys = await abortable(fetching, this.#signal)
      this.#keep(keys)
      this.#absent = new Set()
    } catch (cause) {
      if (this.#signal.aborted) throw new VerifierUnavailableError("verifier_closed", "the verifier is closed")
      const reason = cause instanceof Error ? cause.message : "unknown reason"
      throw new VerifierUnavailableError("keys_unavailable", `the broker's keys cannot be fetched: ${reason}`, {
        cause,
      })
    }
  }

  #keep(keys: readonly VerifyingKey[]): void {
    const now = performance.now()
    const left = keys.filter(({ keyId }) => (this.#retiredUntil.get(keyId) ?? 0) <= now)
    this.#keys = new Map(left.map((key) => [key.keyId, key]))
  }

  async #read(answer: Response): Promise<VerifyingKey[]> {
    try {
      const keys = parseJwkSet(JSON.parse(await boundedText(answer, MAX_SET_BYTES, this.#client.brokerUrl)))
      if (keys.length > 0 && keys.length <= MAX_KEYS) return keys
      throw new SyntaxError(`it has ${keys.length} usable keys`)
    } catch (error) {
      if (!(error instanceof CoreError || error instanceof SyntaxError)) throw error
      const requestId = answer.headers.get("x-request-id") ?? undefined
      throw new UnexpectedAnswerError(
        this.#client.brokerUrl,
        answer.status,
        `not a JWK set: ${error.message}`,
        requestId,
      )
    }
  }
}
