import type { AuditEventType } from "@agentwrit/audit"
import { Refusal } from "@agentwrit/authority"
import type { RateLimit } from "../http/rate-limit.ts"

/** How a refusal by a limit is worded and recorded. */
export interface TooMany {
  /** What there is too much of, after "too many". */
  readonly what: string
  /** The event of the refusal. */
  readonly event: AuditEventType
}

/** Takes one from the limit of `key`, or throws a refusal that says when the next one comes back. */
export function takeWithin(limit: RateLimit, key: string, too: TooMany): void {
  if (!limit.take(key)) throw tooMany(too, limit.waitMs(key))
}

export function tooMany({ what, event }: TooMany, waitMs: number): Refusal {
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  return new Refusal("rate_limited", { detail: `too many ${what}`, retryAfter, events: [event] })
}
