import { CoreError, type FindKey, parseJwkSet, type VerifyingKey } from "@agentwrit/core"
import type { BrokerClient } from "../broker-client.ts"
import { UnexpectedAnswerError } from "../errors.ts"
import { raced } from "../raced.ts"
import { delay } from "../retry.ts"
import { boundedText } from "./bounded-text.ts"
import { jwks } from "./calls.ts"
import { VerifierUnavailableError } from "./errors.ts"

/** Milliseconds between two fetches: however many unknown key ids come, the broker is asked no more often. */
const MIN_FETCH_INTERVAL = 3_000

/** Milliseconds after which the keys are fetched again unasked. */
const MAX_AGE = 60_000

/** Callers that may wait for the next fetch; whoever comes on top is told that the key is unknown. */
const MAX_WAITING = 256

/** Keys that are kept: a broker publishes a few. */
const MAX_KEYS = 64

/** Bytes of a set that are read: many times as long as one of so many keys. */
const MAX_BYTES = 256 * 1024

/** The broker's keys, fetched when they are needed and kept when a fetch fails. */
export class KeySet {
  #keys: ReadonlyMap<string, VerifyingKey> = new Map()
  /** Key ids that someone waited for and that the last fetch did not bring. */
  #absent = new Set<string>()
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

  /** The key of an id, if it was among those that were fetched last. Never waits. */
  readonly known: FindKey = (keyId) => this.#keys.get(keyId)

  /**
   * The key of an id that {@link KeySet.known} does not know: fetches the keys, or waits for the fetch that is due next.
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
   * Makes sure that there are keys.
   * @throws {@link VerifierUnavailableError} `keys_unavailable`.
   */
  async load(): Promise<void> {
    if (this.#keys.size === 0) await this.#fetchWhenDue()
  }

  /**
   * Verifies something by these keys; a key that is not among them is looked for first.
   * @param verify throws when it is given no key.
   * @throws what `verify` throws, and what {@link KeySet.find} does.
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

  /** Fetches the keys again and again, so that one that was withdrawn is not trusted for long. A fetch that fails changes nothing. */
  async keepFresh(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#fetchWhenDue().catch(() => undefined)
      await delay(this.#keys.size === 0 ? MIN_FETCH_INTERVAL : MAX_AGE, this.#signal).catch(() => undefined)
    }
  }

  #isDue(): boolean {
    return performance.now() - this.#startedAt >= MIN_FETCH_INTERVAL
  }

  /** One fetch for all who ask until it is done. */
  #fetchWhenDue(): Promise<void> {
    this.#upcoming ??= this.#fetch().finally(() => {
      this.#upcoming = undefined
    })
    return this.#upcoming
  }

  async #fetch(): Promise<void> {
    try {
      const wait = this.#startedAt + MIN_FETCH_INTERVAL - performance.now()
      if (wait > 0) await delay(wait, this.#signal)
      this.#startedAt = performance.now()
      const fetching = this.#client.exchange(jwks, { signal: this.#signal }, (answer) => this.#read(answer))
      const keys = await raced(fetching, this.#signal)
      // The objects of keys that stay are kept: by them remembered tokens see that their key still stands.
      this.#keys = new Map(keys.map((key) => [key.keyId, this.#keys.get(key.keyId) ?? key]))
      this.#absent = new Set()
    } catch (cause) {
      if (this.#signal.aborted) throw new VerifierUnavailableError("verifier_closed", "the verifier is closed")
      throw new VerifierUnavailableError(
        "keys_unavailable",
        `the broker's keys cannot be fetched: ${messageOf(cause)}`,
        {
          cause,
        },
      )
    }
  }

  async #read(answer: Response): Promise<VerifyingKey[]> {
    try {
      const keys = parseJwkSet(JSON.parse(await boundedText(answer, MAX_BYTES, this.#client.brokerUrl)))
      if (keys.length > 0 && keys.length <= MAX_KEYS) return keys
      throw new SyntaxError(`${keys.length} keys of the broker's kind`)
    } catch (error) {
      if (!(error instanceof CoreError || error instanceof SyntaxError)) throw error
      const requestId = answer.headers.get("x-request-id") ?? undefined
      throw new UnexpectedAnswerError(this.#client.brokerUrl, answer.status, `no JWK set: ${error.message}`, requestId)
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "no reason is known"
}
