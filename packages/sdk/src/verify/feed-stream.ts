import { MAX_JWS_LENGTH } from "@agentwrit/core"
import { createParser } from "eventsource-parser"
import { type Fetch, reasonOf } from "../broker-client.ts"
import { NetworkError } from "../errors.ts"

/** Milliseconds without a byte after which a stream counts as dead: three of the broker's heartbeats. */
const MAX_SILENCE = 15_000

/** The broker, or something before it, gives no stream here now: the feed has to be polled (CONTRACT 5). */
export class NoStreamError extends Error {
  override readonly name = "NoStreamError"
}

/** Where a stream of the feed begins, and what ends it. */
export interface FeedStreamOptions {
  readonly brokerUrl: string
  readonly fetch: Fetch
  /** The sequence number up to which everything is known. */
  readonly position: number
  readonly signal: AbortSignal
}

/**
 * The messages of the feed, as compact JWS, in the order in which the event stream brings them (WHATWG HTML, "Server-sent events").
 * Ends when the broker ends the stream.
 * @throws {@link NoStreamError}, {@link NetworkError}, or what the platform fails of when the connection breaks.
 */
export async function* readFeedStream(options: FeedStreamOptions): AsyncGenerator<string, void, undefined> {
  const silence = new Silence()
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
  const answer = await fetch(`${brokerUrl}/v1/revocations?since=${position}`, {
    headers: { accept: "text/event-stream", "last-event-id": String(position) },
    redirect: "manual",
    signal,
  }).catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason
    throw new NetworkError("network_error", brokerUrl, `cannot be reached (${reasonOf(cause)})`, { cause })
  })
  const mediaType = answer.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase()
  if (answer.status === 200 && mediaType === "text/event-stream" && answer.body !== null) return answer.body
  await answer.body?.cancel()
  throw new NoStreamError(`the broker answered ${answer.status} where a stream was asked for`)
}

async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  silence: Silence,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const arrived: string[] = []
  const parser = createParser({
    onEvent: ({ data }) => arrived.push(data),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw error
    },
    // Room for the longest message and the names of its fields.
    maxBufferSize: MAX_JWS_LENGTH + 1024,
  })
  const reader = body.getReader()
  const text = new TextDecoder()
  // A `fetch` of the caller's may pay no heed to the signal once it has answered.
  const stop = (): void => void reader.cancel(signal.reason).catch(() => undefined)
  signal.addEventListener("abort", stop, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) return
      silence.broken()
      parser.feed(text.decode(value, { stream: true }))
      yield* arrived.splice(0)
    }
  } finally {
    signal.removeEventListener("abort", stop)
    stop()
  }
}

/** Aborts when nothing was heard for {@link MAX_SILENCE}. */
class Silence {
  readonly #controller = new AbortController()
  #timer = this.#start()

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  broken(): void {
    this.end()
    this.#timer = this.#start()
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #start(): ReturnType<typeof setTimeout> {
    return setTimeout(
      () => this.#controller.abort(new NoStreamError(`the stream was silent for ${MAX_SILENCE / 1000} s`)),
      MAX_SILENCE,
    )
  }
}
