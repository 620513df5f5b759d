import type { ServerResponse } from "node:http"
import { type FeedFollower, type FeedMessage, Refusal } from "@agentwrit/authority"
import { FollowerStreams } from "../http/follower-streams.ts"
import { PagePlaces } from "../http/page-places.ts"
import { type Endpoint, endpoint } from "./endpoint.ts"

const EVENT_STREAM = "text/event-stream"

/** The revocation feed (CONTRACT 5): a page of it, or a stream. */
export function revocations(): Endpoint {
  const places = new PagePlaces()
  const streams = new FollowerStreams(places)
  const hasPlace = (source: string, outgoing: ServerResponse | undefined): boolean =>
    outgoing === undefined || places.holdFor(source, outgoing)
  return endpoint("revocations", {
    async run(authority, { caller, query, http }) {
      const { outgoing } = http
      if (!wantsStream(http.header("accept"))) {
        const hasRoom = authority.isRevocationsPageSmall(query.since) || hasPlace(caller.source, outgoing)
        if (!hasRoom)
          throw new Refusal("unavailable", { detail: "too many pages of the feed wait to be read", retryAfter: 1 })
        const page = await authority.revocationsPage(caller, query.since)
        return { status: 200, body: pageBytes(page), mediaType: "application/jwt" }
      }
      const since = lastEventId(http.header("last-event-id")) ?? query.since
      if (http.method === "HEAD") return { status: 200, mediaType: EVENT_STREAM }
      const breakOff = (error: unknown): void => {
        http.failed(error)
        outgoing?.req.socket.destroy()
      }
      const follow = (follower: FeedFollower) => authority.followRevocations(caller, since, follower)
      const body = streams.open(caller.source, follow, outgoing === undefined ? undefined : breakOff)
      return { status: 200, mediaType: EVENT_STREAM, body }
    },
  })
}

/** Pages as bytes, made once for all who ask: a text would wait as a copy of its own for each that does not read. */
const encoded = new WeakMap<FeedMessage, Uint8Array<ArrayBuffer>>()

function pageBytes(page: FeedMessage): Uint8Array<ArrayBuffer> {
  const known = encoded.get(page)
  if (known !== undefined) return known
  const bytes = Buffer.from(page.jws)
  encoded.set(page, bytes)
  return bytes
}

/** Whether the client names the media type; `*` is no wish for a stream. */
function wantsStream(accept = ""): boolean {
  return accept.split(",").some((range) => range.split(";")[0]?.trim().toLowerCase() === EVENT_STREAM)
}

/** The position that a client resumes from. An empty one is what an EventSource holds before its first message. */
function lastEventId(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined
  const position = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(position)) return position
  throw new Refusal("invalid_request", { detail: "Last-Event-ID must be a sequence number of the feed" })
}
