import { MAX_JWS_LENGTH } from "@agentwrit/core"
import { createParser } from "eventsource-parser"
import { type Fetch, reasonOf } from "../broker-client.ts"
import { NetworkError } from "../errors.ts"
import { raced } from "../raced.ts"

/** Milliseconds between two messages of a stream that is well: the broker's heartbeat, and a second for the way. */
const HEARTBEAT = 6_000

/** Longest silence that is borne, in milliseconds: three heartbeats. */
const MAX_SILENCE = 15_000

/** Milliseconds for which the feed is polled before a stream is tried again, where the broker names no time. */
const STREAM_PAUSE = 60_000

/** The broker, or something before it, gives no stream here now: the feed has to be polled (CONTRACT 5). */
export class NoStreamError extends Error {
  override readonly name = "NoStreamError"
  /** Milliseconds after which to ask for a stream again. */
  readonly pause: number

  /** @param retryAfter as the answer's header: a broker that is stopping, or has too many streams, names a few seconds. */
  constructor(message: string, retryAfter: string | null = null) {
    super(message)
    const seconds = Number(retryAfter ?? Number.NaN)
    this.pause = seconds >= 1 ? Math.min(seconds * 1000, STREAM_PAUSE) : STREAM_PAUSE
  }
}

/** Where a stream of the feed begins, and what ends it. */
export interface FeedStreamOptions {
  readonly brokerUrl: string
  readonly fetch: Fetch
  /** The sequence number up to which everything is known. */
  readonly position: number
  /** Milliseconds after which what is known is stale. Half of them without a byte, or all without a message, and the stream counts as dead. */
  readonly maxStalenessMs: number
  readonly signal: AbortSignal
}

/**
 * The messages of the feed, as compact JWS, in the order in which the event stream brings them (WHATWG HTML, "Server-sent events").
 * Ends when the broker ends the stream.
 * @throws {@link NoStreamError}, {@link NetworkError}, or what the platform fails of when the connection breaks.
 */
export async function* readFeedStream(options: FeedStreamOptions): AsyncGenerator<string, void, undefined> {
  const silence = new Silence(options.maxStalenessMs)
  const signal = AbortSignal.any([options.signal, silence.signal])
  try {
    const body = await openStream(options, signal)
    yield* eventsOf(body, silence, signal)
  } finally {
    silence.end()
  }
}

async function openStream(
  { brokerUrl, fetch, position }: FeedStreamOptions,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const asked = fetch(`${brokerUrl}/v1/revocations?since=${position}`, {
    headers: { accept: "text/event-stream", "last-event-id": String(position) },
    redirect: "manual",
    signal,
  })
  // A `fetch` of the caller's may pay no heed to the signal, here and below.
  const answer = await raced(asked, signal).catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason
    throw new NetworkError("network_error", brokerUrl, `cannot be reached (${reasonOf(cause)})`, { cause })
  })
  const mediaType = answer.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase()
  if (answer.status === 200 && mediaType === "text/event-stream" && answer.body !== null) return answer.body
  answer.body?.cancel().catch(() => undefined)
  const fault = `the broker answered ${answer.status} where a stream was asked for`
  throw new NoStreamError(fault, answer.headers.get("retry-after"))
}

async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  silence: Silence,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const arrived: string[] = []
  const parser = createParser({
    onEvent: ({ data }) => {
      arrived.push(data)
      silence.messageCame()
    },
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw error
    },
    // Room for the longest message and the names of its fields.
    maxBufferSize: MAX_JWS_LENGTH + 1024,
  })
  const reader = body.getReader()
  const text = new TextDecoder()
  const stop = (): void => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener("abort", stop, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) return
      parser.feed(text.decode(value, { stream: true }))
      silence.broken()
      yield* arrived.splice(0)
    }
  } finally {
    signal.removeEventListener("abort", stop)
    stop()
  }
}

/** Aborts when nothing is heard for too long: a connection that is dead looks open. */
class Silence {
  readonly #controller = new AbortController()
  readonly #maxSilence: number
  readonly #maxWait: number
  #messageDue: number
  #timer: ReturnType<typeof setTimeout>

  constructor(maxStalenessMs: number) {
    this.#maxSilence = Math.min(Math.max(maxStalenessMs / 2, HEARTBEAT), MAX_SILENCE)
    this.#maxWait = Math.max(maxStalenessMs, HEARTBEAT)
    this.#messageDue = performance.now() + this.#maxWait
    this.#timer = this.#start()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Something was heard. */
  broken(): void {
    this.end()
    this.#timer = this.#start()
  }

  /** A message was heard whole. */
  messageCame(): void {
    this.#messageDue = performance.now() + this.#maxWait
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #start(): ReturnType<typeof setTimeout> {
    const reason = new NoStreamError("the stream brought no message for too long")
    const milliseconds = Math.min(this.#maxSilence, this.#messageDue - performance.now())
    return setTimeout(() => this.#controller.abort(reason), milliseconds)
  }
}
