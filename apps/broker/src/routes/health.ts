import { encode, healthResponse } from "@agentwrit/contract"
import { json } from "../http/answer.ts"
import type { Metrics } from "../metrics.ts"
import { type Endpoint, endpoint } from "./endpoint.ts"
import type { FeedAccess } from "./revocation-feed.ts"

/** What some routes need besides the authority. */
export interface Program {
  readonly version: string
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number
  readonly metrics: Metrics
  /** Who may read the revocation feed. */
  readonly feedAccess: FeedAccess
}

export function health({ version, startedAt }: Program): Endpoint {
  return endpoint("health", {
    run(authority) {
      const found = authority.health()
      const uptime = Math.max(0, Math.floor((Date.now() - startedAt) / 1000))
      return json(found.status === "ok" ? 200 : 503, encode(healthResponse, { ...found, version, uptime }))
    },
  })
}
