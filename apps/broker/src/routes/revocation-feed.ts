import { type Authority, type FeedFollower, Refusal } from "@agentwrit/authority"
import { routes } from "@agentwrit/contract"
import type { Claims } from "@agentwrit/core"
import type { Answer } from "../http/answer.ts"
import { eventStream } from "../http/event-stream.ts"
import { encodedOnce } from "../http/feed-bytes.ts"
import { Quota } from "../http/quota.ts"
import { problemPartsOf } from "../protocol/problem-parts.ts"
import { type Endpoint, type EndpointRequest, endpoint } from "./endpoint.ts"

const EVENT_STREAM = "text/event-stream"

/** nginx would hold the stream back until its buffer is full. */
const NOT_BUFFERED = { "x-accel-buffering": "no" }

/** Open event streams. */
const STREAM_LIMITS = { perSource: 256, total: 1024 }

/** Large pages that wait for their readers, of up to 0.8 MB each. A stream counts until it has caught up. */
const PAGE_LIMITS = { perSource: 16, total: 64 }

/** How long the reader of one page may take. */
const PAGE_READ_TIMEOUT_MS = 30_000

/** Seconds after which a client that gets no stream may ask again; it polls meanwhile. */
const STREAM_RETRY_AFTER = 5

/** Who may read the feed: everyone, or apps of role `verifier` or `gateway`. */
export type FeedAccess = "public" | "verifier"

/** The revocation feed (CONTRACT 5): one page, or an event stream. */
export function revocations(access: FeedAccess): Endpoint {
  const streams = new Quota(STREAM_LIMITS)
  const pages = new Quota(PAGE_LIMITS)

  /** Takes a place for the page after a position, if it is large. Returns what gives the place back. */
  const acquirePage = (authority: Authority, since: number, source: string): (() => void) => {
    if (authority.isRevocationsPageSmall(since)) return () => undefined
    if (!pages.acquire(source))
      throw new Refusal("unavailable", { detail: "too many pages of the feed wait to be read", retryAfter: 1 })
    return () => pages.release(source)
  }

  async function page(authority: Authority, { caller, query, http }: Request): Promise<Answer> {
    const release = acquirePage(authority, query.since, caller.source)
    const { outgoing } = http
    if (outgoing === undefined || outgoing.destroyed) release()
    else {
      // The connection, because a page that waits behind another answer would keep its place.
      const late = setTimeout(() => outgoing.req.socket.destroy(), PAGE_READ_TIMEOUT_MS).unref()
      outgoing.once("close", () => {
        clearTimeout(late)
        release()
      })
    }
    const message = await authority.revocationsPage(caller, query.since)
    return { status: 200, body: pageBytes(message), mediaType: "application/jwt" }
  }

  function stream(authority: Authority, { caller, claims, query, http }: Request): Answer {
    const since = lastEventId(http.header("last-event-id")) ?? query.since
    if (http.method === "HEAD") return { status: 200, mediaType: EVENT_STREAM, headers: NOT_BUFFERED }
    const { source } = caller
    if (!streams.acquire(source))
      throw new Refusal("unavailable", {
        detail: "too many streams are open",
        hint: "ask for the feed every 5 s without Accept: text/event-stream",
        retryAfter: STREAM_RETRY_AFTER,
      })
    let caughtUp: () => void
    try {
      caughtUp = acquirePage(authority, since, source)
    } catch (error) {
      streams.release(source)
      throw error
    }
    const { outgoing } = http
    const abort = (error: unknown): void => {
      if (problemPartsOf(error) === undefined) http.failed(error)
      outgoing?.req.socket.destroy()
    }
    const body = eventStream({
      follow(follower: FeedFollower) {
        const unfollow = authority.followRevocations(caller, since, follower, claims)
        if (claims !== undefined) endWithToken(claims, follower, unfollow)
        return unfollow
      },
      abort: outgoing === undefined ? undefined : abort,
      caughtUp,
      closed: () => streams.release(source),
    })
    return { status: 200, mediaType: EVENT_STREAM, headers: NOT_BUFFERED, body }
  }

  return endpoint("revocations", {
    needs: access === "public" ? "none" : routes.revocations.needsWhenClosed,
    run: (authority, request) =>
      wantsStream(request.http.header("accept")) ? stream(authority, request) : page(authority, request),
  })
}

type Request = EndpointRequest<"revocations">

/** Ends a stream when the token that opened it expires: the client opens another one with its next token. */
function endWithToken({ exp }: Claims, follower: FeedFollower, unfollow: () => void): void {
  const end = (): void => {
    unfollow()
    follower.end()
  }
  setTimeout(end, exp * 1000 - Date.now()).unref()
}

const pageBytes = encodedOnce(({ jws }) => jws)

/** Whether the client names the media type. `*` does not ask for a stream. */
function wantsStream(accept = ""): boolean {
  return accept.split(",").some((range) => range.split(";")[0]?.trim().toLowerCase() === EVENT_STREAM)
}

/** The position that a client resumes from. Before its first message, an EventSource sends an empty one. */
function lastEventId(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined
  const position = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(position)) return position
  throw new Refusal("invalid_request", { detail: "Last-Event-ID must be a sequence number of the feed" })
}
