import { type FeedFollower, Refusal } from "@agentwrit/authority"
import { encodedOnce } from "./feed-bytes.ts"

/** Bytes that may wait for a reader: one page of the feed and some of what commits meanwhile. */
const MAX_UNSENT_BYTES = 1024 * 1024

/** How long a reader may take for a page. */
const READ_TIMEOUT_MS = 30_000

/** What an event stream needs besides its messages. */
export interface EventStreamOptions {
  /** Starts to follow, and returns what stops it. */
  readonly follow: (follower: FeedFollower) => () => void
  /** Breaks off the answer. Absent: the stream ends with the error. */
  readonly abort?: ((error: unknown) => void) | undefined
  /** Called once, when the reader has read everything up to the head of the feed, or when the stream ends. */
  readonly caughtUp: () => void
  /** Called once, when the stream ends. */
  readonly closed: () => void
}

/**
 * A stream of the feed's messages as events (WHATWG HTML, "Server-sent events"). A reader that is too slow is
 * disconnected.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  let unfollow: (() => void) | undefined
  let isOpen = true
  /** Messages that the reader has not asked for yet. */
  const unsent: Uint8Array[] = []
  /** Bytes of those, and of the message that the reader got last. */
  let unreadBytes = 0
  let isWaiting = false
  let isAtHead = false
  let hasCaughtUp = false
  let allRead = Promise.withResolvers<void>()
  /** Runs while something is unread. */
  let late: NodeJS.Timeout | undefined
  const catchUp = (): void => {
    if (!hasCaughtUp) options.caughtUp()
    hasCaughtUp = true
  }
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    clearTimeout(late)
    allRead.resolve()
    catchUp()
    options.closed()
  }
  const followerOf = (controller: ReadableStreamDefaultController<Uint8Array>): FeedFollower => ({
    send(message) {
      if (!isOpen || unreadBytes > MAX_UNSENT_BYTES) return false
      const bytes = bytesOf(message)
      unreadBytes += bytes.length
      isAtHead = message.to === message.head
      if (isWaiting) controller.enqueue(bytes)
      else unsent.push(bytes)
      isWaiting = false
      late ??= setTimeout(() => {
        unfollow?.()
        this.end(tooSlow())
      }, READ_TIMEOUT_MS).unref()
      return true
    },
    async ready() {
      if (unreadBytes > 0) await withinReadTimeout(allRead.promise)
    },
    end(error) {
      if (!isOpen) return
      close()
      if (error === undefined) controller.close()
      else if (options.abort === undefined) controller.error(error)
      // With controller.error, the server would write the error to the console instead of the log.
      else options.abort(error)
    },
  })
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        try {
          unfollow = options.follow(followerOf(controller))
        } catch (error) {
          close()
          throw error
        }
      },
      // Called when the reader asks, so it has read what it got before: nothing is buffered ahead of it.
      pull(controller) {
        const next = unsent.shift()
        unreadBytes = unsent.reduce((sum, { length }) => sum + length, next?.length ?? 0)
        if (next !== undefined) {
          controller.enqueue(next)
          return
        }
        isWaiting = true
        clearTimeout(late)
        late = undefined
        if (isAtHead) catchUp()
        allRead.resolve()
        allRead = Promise.withResolvers()
      },
      cancel() {
        unfollow?.()
        close()
      },
    },
    { highWaterMark: 0 },
  )
}

async function withinReadTimeout(read: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<void>()
  const timeout = setTimeout(() => reject(tooSlow()), READ_TIMEOUT_MS).unref()
  await Promise.race([read, late])
  clearTimeout(timeout)
}

const tooSlow = (): Refusal => new Refusal("unavailable", { detail: "the follower is too slow" })

const bytesOf = encodedOnce(({ to, jws }) => `id: ${to}\ndata: ${jws}\n\n`)
