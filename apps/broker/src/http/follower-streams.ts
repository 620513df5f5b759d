import { type FeedFollower, type FeedMessage, Refusal } from "@agentwrit/authority"
import { PATIENCE, type PagePlace, type PagePlaces } from "./page-places.ts"
import { SourceQuota } from "./source-quota.ts"

/** Streams that may be open at a time. */
const STREAMS = { ofSource: 256, inAll: 1024 }

/** Seconds after which a client that found no room may ask again; until then it polls. */
const RETRY_AFTER = 5

/** Bytes that may wait for a reader: a page of the feed and some of what commits meanwhile. One that falls further behind is let go. */
const MAX_UNSENT = 1024 * 1024

const text = new TextEncoder()

/** The open event streams (WHATWG HTML, "Server-sent events"), bounded in number and in what waits for each. */
export class FollowerStreams {
  readonly #open = new SourceQuota(STREAMS)
  readonly #places: PagePlaces

  constructor(places: PagePlaces) {
    this.#places = places
  }

  /**
   * Opens a stream of what `follow` sends.
   * @param breakOff ends the answer in its middle. Absent, the stream ends with the error.
   * @throws {@link Refusal} `unavailable` when there are too many.
   */
  open(source: string, follow: Follow, breakOff?: (error: unknown) => void): ReadableStream<Uint8Array> {
    if (!this.#open.take(source))
      throw new Refusal("unavailable", {
        detail: "too many streams are open",
        hint: "ask for the feed every 5 s without Accept: text/event-stream",
        retryAfter: RETRY_AFTER,
      })
    return eventStream(follow, this.#places.of(source), { breakOff, closed: () => this.#open.giveBack(source) })
  }
}

/** Begins the following and answers what ends it. */
type Follow = (follower: FeedFollower) => () => void

/** What a stream does when it is over. */
interface StreamEnd {
  readonly breakOff: ((error: unknown) => void) | undefined
  readonly closed: () => void
}

function eventStream(follow: Follow, place: PagePlace, { breakOff, closed }: StreamEnd): ReadableStream<Uint8Array> {
  let unfollow: (() => void) | undefined
  let open = true
  /** What the reader has not asked for yet, and the bytes of that and of what it was given last. */
  const unsent: Uint8Array[] = []
  let unread = 0
  /** Whether it was sent something since it had read everything. */
  let sent = false
  /** Whether the reader waits: then it has read everything. */
  let asks = false
  let asked = Promise.withResolvers<void>()
  const close = (): void => {
    if (!open) return
    open = false
    asked.resolve()
    place.giveBack()
    closed()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const follower: FeedFollower = {
          send(message) {
            if (!open || unread > MAX_UNSENT) return false
            const bytes = bytesOf(message)
            unread += bytes.length
            sent = true
            if (asks) controller.enqueue(bytes)
            else unsent.push(bytes)
            asks = false
            return true
          },
          async ready() {
            if (unread > 0) await withinPatience(asked.promise)
            await withinPatience(place.take())
            if (!open) place.giveBack()
          },
          end(error) {
            if (!open) return
            close()
            if (error === undefined) controller.close()
            else if (breakOff === undefined) controller.error(error)
            // The server would write the error to the console, past the log.
            else breakOff(error)
          },
        }
        try {
          unfollow = follow(follower)
        } catch (error) {
          close()
          throw error
        }
      },
      // Called when the reader asks, and so has read what it was given before: nothing is buffered ahead of it.
      pull(controller) {
        const next = unsent.shift()
        unread = unsent.reduce((sum, { length }) => sum + length, next?.length ?? 0)
        if (next !== undefined) {
          controller.enqueue(next)
          return
        }
        asks = true
        // One that waits for a page asks too, and keeps its turn.
        if (sent) place.giveBack()
        sent = false
        asked.resolve()
        asked = Promise.withResolvers()
      },
      cancel() {
        unfollow?.()
        close()
      },
    },
    { highWaterMark: 0 },
  )
}

async function withinPatience(wanted: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => reject(new Refusal("unavailable", { detail: "the follower is too slow" })),
    PATIENCE,
  ).unref()
  await Promise.race([wanted, late])
  clearTimeout(timer)
}

/** Events as bytes, made once for all who follow: what waits for many slow readers then exists once. */
const encoded = new WeakMap<FeedMessage, Uint8Array>()

function bytesOf(message: FeedMessage): Uint8Array {
  const known = encoded.get(message)
  if (known !== undefined) return known
  const bytes = text.encode(event(message))
  encoded.set(message, bytes)
  return bytes
}

const event = ({ to, jws }: FeedMessage): string => `id: ${to}\ndata: ${jws}\n\n`
