import { MAX_JWS_LENGTH } from "@agentwrit/core"
import { createParser } from "eventsource-parser"
import { abortable } from "../abortable.ts"
import { type Fetch, reasonOf } from "../broker-client.ts"
import { NetworkError } from "../errors.ts"

/** Between two messages of a working stream: the broker's heartbeat of 5 s, and a second for the network. */
const HEARTBEAT_MS = 6_000

/** The longest silence that is tolerated: three heartbeats. */
const MAX_SILENCE_MS = 15_000

/** How long the feed is polled before a stream is tried again, where the broker names no time. */
const STREAM_PAUSE_MS = 60_000

/** The broker, or a proxy, does not provide a stream now: the feed has to be polled (CONTRACT 5). */
export class NoStreamError extends Error {
  override readonly name = "NoStreamError"
  /** Milliseconds after which to request a stream again. */
  readonly pause: number

  /** @param retryAfter the answer's header. A broker that stops, or has too many streams, names a few seconds. */
  constructor(message: string, retryAfter: string | null = null) {
    super(message)
    const seconds = Number(retryAfter ?? Number.NaN)
    this.pause = seconds >= 1 ? Math.min(seconds * 1000, STREAM_PAUSE_MS) : STREAM_PAUSE_MS
  }
}

/** Where a stream of the feed comes from, and when it ends. */
export interface FeedStreamOptions {
  readonly brokerUrl: string
  /** Opens the stream, which has no timeout. */
  readonly fetch: Fetch
  /** Sends a request, with the token that a closed feed needs. */
  readonly authorized: <T>(signal: AbortSignal, send: (bearer?: string) => Promise<T>) => Promise<T>
  /** The error of an answer that refuses the request. */
  readonly refusalOf: (answer: Response) => Promise<Error>
  /** A stream counts as dead after half of this time without a byte, and after all of it without a message. */
  readonly maxStalenessMs: number
  readonly signal: AbortSignal
}

/**
 * Yields the messages of the feed, as compact JWS, in the order of the event stream (WHATWG HTML, "Server-sent
 * events"). Ends when the broker ends the stream.
 * @param position the sequence number up to which all entries are known.
 * @throws {@link NoStreamError}, {@link NetworkError}, or the platform's error when the connection breaks.
 */
export async function* readFeedStream(
  options: FeedStreamOptions,
  position: number,
): AsyncGenerator<string, void, undefined> {
  const watchdog = new StreamWatchdog(options.maxStalenessMs)
  const signal = AbortSignal.any([options.signal, watchdog.signal])
  try {
    const open = (bearer?: string) => openStream(options, position, bearer, signal)
    yield* messagesOf(await options.authorized(signal, open), watchdog, signal)
  } finally {
    watchdog.stop()
  }
}

async function openStream(
  { brokerUrl, fetch, refusalOf }: FeedStreamOptions,
  position: number,
  bearer: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  const request = fetch(`${brokerUrl}/v1/revocations?since=${position}`, {
    headers: { accept: "text/event-stream", "last-event-id": String(position), ...authorization },
    redirect: "manual",
    signal,
  })
  // A `fetch` of the caller's own may ignore the signal, here and below.
  const answer = await abortable(request, signal).catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason
    throw new NetworkError("network_error", brokerUrl, `cannot be reached (${reasonOf(cause)})`, { cause })
  })
  const mediaType = answer.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase()
  if (answer.status === 200 && mediaType === "text/event-stream" && answer.body !== null) return answer.body
  if (answer.status === 401 || answer.status === 403) throw await abortable(refusalOf(answer), signal)
  answer.body?.cancel().catch(() => undefined)
  const fault = `the broker answered ${answer.status} to the request for a stream`
  throw new NoStreamError(fault, answer.headers.get("retry-after"))
}

async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  watchdog: StreamWatchdog,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const received: string[] = []
  const parser = createParser({
    onEvent: ({ data }) => {
      received.push(data)
      watchdog.messageReceived()
    },
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw error
    },
    // Room for the longest message and the names of its fields.
    maxBufferSize: MAX_JWS_LENGTH + 1024,
  })
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener("abort", cancel, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) return
      parser.feed(decoder.decode(value, { stream: true }))
      watchdog.bytesReceived()
      yield* received.splice(0)
    }
  } finally {
    signal.removeEventListener("abort", cancel)
    cancel()
  }
}

/** Aborts a stream that is silent for too long: a dead connection looks open. */
class StreamWatchdog {
  readonly #controller = new AbortController()
  readonly #maxSilenceMs: number
  readonly #maxWaitMs: number
  #messageDueAt: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(maxStalenessMs: number) {
    this.#maxSilenceMs = Math.min(Math.max(maxStalenessMs / 2, HEARTBEAT_MS), MAX_SILENCE_MS)
    this.#maxWaitMs = Math.max(maxStalenessMs, HEARTBEAT_MS)
    this.#messageDueAt = performance.now() + this.#maxWaitMs
    this.bytesReceived()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  bytesReceived(): void {
    this.stop()
    const waitMs = Math.min(this.#maxSilenceMs, this.#messageDueAt - performance.now())
    const reason = new NoStreamError("the stream brought no message for too long")
    this.#timer = setTimeout(() => this.#controller.abort(reason), waitMs)
  }

  messageReceived(): void {
    this.#messageDueAt = performance.now() + this.#maxWaitMs
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
