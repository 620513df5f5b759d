import {
  type Decoded,
  type DecodeFailure,
  decode,
  type Encodable,
  encode,
  encodeQuery,
  PROBLEM_MEDIA_TYPE,
} from "@agentwrit/contract"
import type * as v from "valibot"
import { abortable } from "./abortable.ts"
import { parseBrokerUrl } from "./broker-url.ts"
import type { Call } from "./call.ts"
import { BrokerError, InvalidRequestError, isProblem, NetworkError, UnexpectedAnswerError } from "./errors.ts"
import type { RequestTarget } from "./prover.ts"
import { delay, MAX_TIMER_MS, retryDelay, turnDelay } from "./retry.ts"

/** How to reach a broker. */
export interface BrokerOptions {
  /** The broker's URL, such as `https://broker.example`. It may have a path, and must not contain credentials. */
  readonly brokerUrl: string | URL
  /** Milliseconds for one attempt of a call, until its answer is read. Default 10,000. */
  readonly timeoutMs?: number | undefined
  /**
   * How often a call that failed for a temporary reason is repeated, where that is safe. Default 2. A sign-in that the
   * broker's limit refuses waits for its turn, up to a minute in all, which does not count; 0 ends that too.
   */
  readonly retries?: number | undefined
  /**
   * Sends client secrets, launch tokens and tokens to an `http` broker on another machine, and trusts the keys that
   * come from there. Whoever is between can read and replace them. Default `false`: such a broker is refused.
   */
  readonly dangerouslyAllowHttp?: boolean | undefined
  /** Replaces the global `fetch`: for client certificates, private CAs, proxies. */
  readonly fetch?: Fetch | undefined
}

/** The names of {@link BrokerOptions}. */
export const BROKER_OPTIONS: Readonly<Record<keyof BrokerOptions, true>> = {
  brokerUrl: true,
  timeoutMs: true,
  retries: true,
  dangerouslyAllowHttp: true,
  fetch: true,
}

/** The part of the standard `fetch` that this package uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Options of any call. */
export interface CallOptions {
  /** Aborts the call, also between its attempts. It then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** The headers that authorize a request: a bearer token, or a bound token and its proof. */
export interface AuthorizationHeaders {
  readonly authorization: string
  readonly dpop?: string
}

/** What one call sends. */
export interface CallInput<C extends Call> extends CallOptions {
  /**
   * A function makes a new body for each attempt, where a body is valid for a short time only. An error in it ends the
   * call.
   */
  readonly body?: BodyOf<C> | (() => Promise<BodyOf<C>>)
  readonly query?: C extends { readonly query: infer S extends v.GenericSchema } ? Encodable<S> : never
  /** Replaces the parameter of the path. */
  readonly id?: string
  /** The token for `Authorization: Bearer`. */
  readonly bearer?: string
  /**
   * In place of `bearer`: the headers that authorize an attempt, which may contain a proof for it. An error in it ends
   * the call.
   */
  readonly authorize?: (target: RequestTarget) => Promise<AuthorizationHeaders>
  readonly accept?: string
  /**
   * Called with the JSON of a successful answer exactly as it came. Also before the {@link UnexpectedAnswerError} of an
   * object of an unexpected form: it may hold a secret that is not shown again.
   */
  readonly onAnswer?: ((json: string) => void) | undefined
}

/** The body of a call. */
export type BodyOf<C extends Call> = C extends { readonly request: infer S extends v.GenericSchema }
  ? Encodable<S>
  : never

/** The answer of a call in camelCase, or nothing. */
export type CallAnswer<C extends Call> = C extends { readonly response: infer S extends v.GenericSchema }
  ? v.InferOutput<S>
  : undefined

/** Calls one broker, with timeouts, safe repetition, and typed answers and errors. */
export class BrokerClient {
  readonly brokerUrl: string
  readonly #timeoutMs: number
  readonly #retries: number
  /** Sends the calls. It calls the given `fetch` without `this`, as browsers require. */
  readonly fetch: Fetch

  /** @throws `TypeError` for invalid options; `TargetError` `insecure_target`. */
  constructor(options: BrokerOptions) {
    const { brokerUrl, timeoutMs = 10_000, retries = 2, fetch = globalThis.fetch } = options
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMER_MS))
      throw new TypeError(`timeoutMs must be from 1 to ${MAX_TIMER_MS}`)
    if (!(Number.isInteger(retries) && retries >= 0)) throw new TypeError("retries must be a whole number, 0 or more")
    this.brokerUrl = parseBrokerUrl(brokerUrl, options.dangerouslyAllowHttp === true)
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
    const exchanged = this.exchange(call, input, async (answer) => {
      if (schema === undefined) {
        // Some proxies answer 200 with their own page, which is not the broker's success.
        if (answer.status !== 204) throw this.#unexpected(answer, "204 was expected")
        return undefined as CallAnswer<C>
      }
      const text = await answer.text()
      const found = parsed(text)
      json = typeof found === "object" && found !== null ? text : ""
      const read: Decoded<unknown> = decode(schema, found)
      if (!read.ok) throw this.#unexpected(answer, read.detail)
      return read.value as CallAnswer<C>
    })
    // Outside of the attempts, so that an error in it does not repeat the call.
    return exchanged.finally(() => json !== "" && input.onAnswer?.(json))
  }

  /**
   * Checks the body of a call that is made later, such as after a sign-in.
   * @throws {@link InvalidRequestError}
   */
  check<const C extends Call>(call: C, { body }: CallInput<C>): void {
    if (body !== undefined && typeof body !== "function") serialized(call, body)
  }

  /**
   * As {@link BrokerClient.send}, for answers that are not JSON. `read` reads a successful answer within the attempt's
   * time.
   */
  async exchange<const C extends Call, T>(
    call: C,
    input: CallInput<C>,
    read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    let waitedMs = 0
    for (let attempt = 1; ; attempt++) {
      const { url, init } = await this.#request(call, input)
      try {
        return await this.#attempt(call, url, init, input.signal, read)
      } catch (error) {
        input.signal?.throwIfAborted()
        const turn = this.#retries === 0 ? undefined : turnDelay(error, call.repeatable, waitedMs)
        if (turn !== undefined) {
          await delay(turn, input.signal)
          waitedMs += turn
          // A wait for a turn is not a failed attempt.
          attempt--
          continue
        }
        const wait = attempt > this.#retries ? undefined : retryDelay(error, call.repeatable, attempt)
        if (wait === undefined) throw error
        await delay(wait, input.signal)
      }
    }
  }

  async #request(call: Call, input: CallInput<Call>): Promise<{ url: string; init: RequestInit }> {
    const given: unknown = typeof input.body === "function" ? await input.body() : input.body
    // The body of some calls is optional.
    const body = call.request && given !== undefined ? serialized(call, given) : undefined
    const query = call.query && input.query ? encodeQuery(call.query as never, input.query as never) : ""
    const path = call.path.replace(/\{\w+\}/, encodeURIComponent(input.id ?? ""))
    const headers: Record<string, string> = { accept: input.accept ?? "application/json" }
    if (body !== undefined) headers["content-type"] = "application/json"
    if (input.bearer !== undefined) headers["authorization"] = `Bearer ${input.bearer}`
    const { method } = call
    const url = `${this.brokerUrl}${path}${query === "" ? "" : `?${query}`}`
    Object.assign(headers, await input.authorize?.({ method, url }))
    const init: RequestInit = {
      method,
      headers,
      // The broker never redirects, and secrets must not follow a redirect. (Some platforms do not support "error".)
      redirect: "manual",
      ...(body !== undefined && { body }),
    }
    return { url, init }
  }

  async #attempt<T>(
    { otherwise, names }: Call,
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const ends = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    const answered = async (): Promise<T> => {
      const answer = await this.fetch(url, { ...init, signal: ends })
      if (answer.ok || (answer.status === otherwise && !isProblemAnswer(answer))) return await read(answer)
      throw await this.refusalOf(answer, names)
    }
    try {
      // A fetch of the caller's own may ignore its signal.
      return await abortable(answered(), ends)
    } catch (error) {
      if (error instanceof BrokerError || error instanceof UnexpectedAnswerError) throw error
      if (timeout.aborted && signal?.aborted !== true)
        throw new NetworkError("timeout", this.brokerUrl, `did not answer within ${this.#timeoutMs} ms`)
      throw new NetworkError("network_error", this.brokerUrl, `cannot be reached (${reasonOf(error)})`, {
        cause: error,
      })
    }
  }

  /**
   * The error of an answer that is not a success.
   * @param names replace the fields' names in its text.
   */
  async refusalOf(answer: Response, names: Readonly<Record<string, string>> = {}): Promise<Error> {
    const problem = parsed(await answer.text())
    if (!isProblem(problem)) return this.#unexpected(answer, "not a problem document")
    let { detail } = problem
    for (const [field, own] of Object.entries(names)) detail = detail.replaceAll(field, own)
    return new BrokerError({ ...problem, detail }, retryAfterOf(answer))
  }

  #unexpected(answer: Response, detail: string): UnexpectedAnswerError {
    const requestId = answer.headers.get("x-request-id") ?? undefined
    return new UnexpectedAnswerError(this.brokerUrl, answer.status, detail, requestId, retryAfterOf(answer))
  }
}

function serialized({ request, names = {} }: Call, body: unknown): string {
  if (request === undefined) return ""
  const wire = encode(request, body as never)
  const read = decode(request, wire)
  if (!read.ok) throw new InvalidRequestError(read.code, inOwnNames(read, names))
  return JSON.stringify(wire)
}

/** What is wrong with a request, by the names of this package's options. */
function inOwnNames({ field = "", detail }: DecodeFailure, names: Readonly<Record<string, string>>): string {
  const own = field.replace(/^\w+/, (name) => names[name] ?? name).replace(/_(\w)/g, (_, next) => next.toUpperCase())
  return own + detail.slice(field.length)
}

const isProblemAnswer = (answer: Response): boolean =>
  answer.headers.get("content-type")?.startsWith(PROBLEM_MEDIA_TYPE) === true

/** `Retry-After` in seconds (RFC 9110 section 10.2.3). The broker sends seconds; a proxy may send a date. */
function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get("retry-after") ?? ""
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000
  return seconds >= 0 ? seconds : undefined
}

/** The value of a JSON text, or `undefined` when it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The platform's own words for a failed connection, which contain no part of the request. */
export function reasonOf(error: unknown): string {
  let reason = "unknown reason"
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    reason = "code" in cause && typeof cause.code === "string" ? cause.code : cause.message || reason
  return reason
}
