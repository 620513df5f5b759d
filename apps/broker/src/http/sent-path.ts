import type { IncomingMessage } from "node:http"

/** A path that no route has. */
const UNKNOWN_PATH = "//"

/**
 * A `%` escape, a doubled slash or a dot segment: other spellings of a path, which a proxy's prefix rules may read
 * differently.
 */
const OTHER_SPELLING = /%|\/\/|\/\.\.?(?:\/|$)/

/**
 * The path of a request as it was sent: not decoded, and with its dot segments, which the URL parser would resolve.
 * @param incoming Node's request behind `request`; absent when the app is called in process.
 */
export function sentPath(request: Request, incoming: IncomingMessage | undefined): string {
  const target = incoming?.url ?? request.url
  const end = target.search(/[?#]/)
  const path = end === -1 ? target : target.slice(0, end)
  // The absolute form (RFC 9112 section 3.2.2) has a scheme and a host in front.
  return path.startsWith("/") ? path : path.replace(/^\w+:\/\/[^/]*/, "") || "/"
}

/**
 * The path to find a route by. A path in another spelling than a route's own is unknown (CONTRACT 1), and so is every
 * target with a fragment, which no client sends (RFC 9112 section 3.2): a proxy may take it for a part of the path.
 */
export function routedPath(request: Request, incoming: IncomingMessage | undefined): string {
  if (incoming?.url?.includes("#")) return UNKNOWN_PATH
  const path = sentPath(request, incoming)
  return OTHER_SPELLING.test(path) ? UNKNOWN_PATH : path
}
