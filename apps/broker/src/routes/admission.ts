import type { AuditEventType } from "@agentwrit/audit"
import { type Authority, type Caller, Refusal } from "@agentwrit/authority"
import type { RateLimit } from "../http/rate-limit.ts"

/** How a refusal by a rate limit reads, and its event. */
export interface TooOften {
  readonly deniedAs: AuditEventType
  /** What there is too much of, after "too many". */
  readonly what: string
  /** Seconds. */
  readonly retryAfter: number
}

/** Admits a caller while the limit of `key` allows it. Then records the refusal in the trail and throws it. */
export async function admitWithin(
  limit: RateLimit,
  key: string,
  { deniedAs, what, retryAfter }: TooOften,
  [authority, caller]: readonly [Authority, Caller],
): Promise<void> {
  if (limit.take(key)) return
  const refusal = new Refusal("rate_limited", { detail: `too many ${what}`, retryAfter })
  await authority.recordDenial(caller, deniedAs, refusal)
  throw refusal
}
