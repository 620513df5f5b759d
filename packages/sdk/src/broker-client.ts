import { type Decoded, decode, type Encodable, encode, encodeQuery, PROBLEM_MEDIA_TYPE } from "@agentwrit/contract"
import type * as v from "valibot"
import { parseBrokerUrl } from "./broker-url.ts"
import type { Call } from "./call.ts"
import { BrokerError, InvalidRequestError, isProblem, NetworkError, UnexpectedAnswerError } from "./errors.ts"
import { raced } from "./raced.ts"
import { delay, retryDelay } from "./retry.ts"

/** How to reach a broker. */
export interface BrokerOptions {
  /** The broker's URL, such as `https://broker.example`; a path stays before every route's. Never with credentials in it. */
  readonly brokerUrl: string | URL
  /** Milliseconds for one attempt of a call, the reading of its answer included. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /** How often a call that failed for a passing reason is sent again, where that is safe. Default 2. */
  readonly retries?: number | undefined
  /** Used in place of the global `fetch`: for client certificates, private CAs, proxies. */
  readonly fetch?: Fetch | undefined
}

/** What of the standard `fetch` this package uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What a caller may set on any call. */
export interface CallOptions {
  /** Aborts the call, and the waiting between its attempts; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** The parts of one call that its route does not settle. */
export interface CallInput<C extends Call> extends CallOptions {
  /** Where it is good for a while only, a function that makes it anew for each attempt; what that throws ends the call. */
  readonly body?: BodyOf<C> | (() => Promise<BodyOf<C>>)
  readonly query?: C extends { readonly query: infer S extends v.GenericSchema } ? Encodable<S> : never
  /** The path's parameter, for a path that has `{id}`. */
  readonly id?: string
  /** The token that travels in `Authorization: Bearer`. */
  readonly bearer?: string
  readonly accept?: string
  /** Told the JSON of the answer as it came, once it was found to be of the contract's form. */
  readonly onAnswer?: ((json: string) => void) | undefined
}

/** What a call takes as its body. */
export type BodyOf<C extends Call> = C extends { readonly request: infer S extends v.GenericSchema }
  ? Encodable<S>
  : never

/** What a call answers: the camelCase form of its route's answer, or nothing. */
export type CallAnswer<C extends Call> = C extends { readonly response: infer S extends v.GenericSchema }
  ? v.InferOutput<S>
  : undefined

/** Calls one broker: timeouts, repetition of what may be repeated, typed answers and errors. */
export class BrokerClient {
  readonly brokerUrl: string
  readonly #timeoutMs: number
  readonly #retries: number
  /** What calls are sent with. It is called without an object before it, as browsers demand of theirs. */
  readonly fetch: Fetch

  /** @throws `TypeError` for options that cannot be meant. */
  constructor({ brokerUrl, timeoutMs = 10_000, retries = 2, fetch = globalThis.fetch }: BrokerOptions) {
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT)) throw new TypeError("timeoutMs must be from 1 to 2147483647")
    if (!(Number.isInteger(retries) && retries >= 0)) throw new TypeError("retries must be a whole number, 0 or more")
    this.brokerUrl = parseBrokerUrl(brokerUrl)
    this.#timeoutMs = timeoutMs
    this.#retries = retries
    this.fetch = (url, init) => fetch(url, init)
  }

  /**
   * Makes the call and reads its answer.
   * @throws {@link BrokerError}, {@link NetworkError}, {@link UnexpectedAnswerError}, {@link InvalidRequestError}
   */
  async send<const C extends Call>(call: C, input: CallInput<C> = {}): Promise<CallAnswer<C>> {
    const { response: schema } = call
    let json = ""
    const value = await this.exchange(call, input, async (answer) => {
      if (schema === undefined) {
        // Some proxies answer a page of theirs with 200: that is no success of the broker's.
        if (answer.status !== 204) throw this.#unexpected(answer, "204 was due")
        return undefined as CallAnswer<C>
      }
      json = await answer.text()
      const read: Decoded<unknown> = decode(schema, parsed(json))
      if (!read.ok) throw this.#unexpected(answer, read.detail)
      return read.value as CallAnswer<C>
    })
    // What it throws is its own affair, and no failure of the call.
    input.onAnswer?.(json)
    return value
  }

  /** As {@link BrokerClient.send}, for answers that are not JSON: hands a success to `read`, within the attempt's time. */
  async exchange<const C extends Call, T>(
    call: C,
    input: CallInput<C>,
    read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { url, init } = await this.#request(call, input)
      try {
        return await this.#attempt(call, url, init, input.signal, read)
      } catch (error) {
        input.signal?.throwIfAborted()
        const wait = attempt > this.#retries ? undefined : retryDelay(error, call.repeatable, attempt)
        if (wait === undefined) throw error
        await delay(wait, input.signal)
      }
    }
  }

  async #request(call: Call, input: CallInput<Call>): Promise<{ url: string; init: RequestInit }> {
    const given: unknown = typeof input.body === "function" ? await input.body() : input.body
    const body = call.request && written(call.request, given)
    const query = call.query && input.query ? encodeQuery(call.query as never, input.query as never) : ""
    const path = call.path.replace("{id}", encodeURIComponent(input.id ?? ""))
    const headers: Record<string, string> = { accept: input.accept ?? "application/json" }
    if (body !== undefined) headers["content-type"] = "application/json"
    if (input.bearer !== undefined) headers["authorization"] = `Bearer ${input.bearer}`
    const init: RequestInit = {
      method: call.method,
      headers,
      // The broker never redirects; secrets do not follow whoever does in its place. (Some platforms know no "error".)
      redirect: "manual",
      ...(body !== undefined && { body }),
    }
    return { url: `${this.brokerUrl}${path}${query === "" ? "" : `?${query}`}`, init }
  }

  async #attempt<T>(
    { otherwise }: Call,
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const ends = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    const answered = async (): Promise<T> => {
      const answer = await this.fetch(url, { ...init, signal: ends })
      if (answer.ok || (answer.status === otherwise && !saysProblem(answer))) return await read(answer)
      throw await this.#refusal(answer)
    }
    try {
      // A fetch of the caller's own may not heed its signal.
      return await raced(answered(), ends)
    } catch (error) {
      if (error instanceof BrokerError || error instanceof UnexpectedAnswerError) throw error
      if (timeout.aborted && signal?.aborted !== true)
        throw new NetworkError("timeout", this.brokerUrl, `did not answer within ${this.#timeoutMs} ms`)
      throw new NetworkError("network_error", this.brokerUrl, `cannot be reached (${reasonOf(error)})`, {
        cause: error,
      })
    }
  }

  async #refusal(answer: Response): Promise<Error> {
    const problem = parsed(await answer.text())
    if (!isProblem(problem)) return this.#unexpected(answer, "no problem document")
    return new BrokerError(problem, retryAfterOf(answer))
  }

  #unexpected(answer: Response, detail: string): UnexpectedAnswerError {
    const requestId = answer.headers.get("x-request-id") ?? undefined
    return new UnexpectedAnswerError(this.brokerUrl, answer.status, detail, requestId, retryAfterOf(answer))
  }
}

/** What timers can count, in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1

function written(schema: v.GenericSchema, body: unknown): string {
  const wire = encode(schema, body as never)
  const read = decode(schema, wire)
  if (!read.ok) throw new InvalidRequestError(read.code, read.detail)
  return JSON.stringify(wire)
}

const saysProblem = (answer: Response): boolean =>
  answer.headers.get("content-type")?.startsWith(PROBLEM_MEDIA_TYPE) === true

/** `Retry-After` in seconds (RFC 9110 section 10.2.3): the broker gives them, a proxy may give a date. */
function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get("retry-after") ?? ""
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000
  return seconds >= 0 ? seconds : undefined
}

/** What the JSON says; `undefined` for a text that is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The platform's own words for a failed connection, which hold no part of the request. */
export function reasonOf(error: unknown): string {
  let reason = "no reason is known"
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    reason = "code" in cause && typeof cause.code === "string" ? cause.code : cause.message || reason
  return reason
}
