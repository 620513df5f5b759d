import type { AuditEventType } from "@agentwrit/audit"
import { type Authority, type Caller, Refusal } from "@agentwrit/authority"
import type { RateLimit } from "../http/rate-limit.ts"

/** How the refusal of what comes too often reads, and the event that it leaves. */
export interface TooOften {
  readonly deniedAs: AuditEventType
  /** What there is too much of. */
  readonly what: string
  /** Seconds. */
  readonly retryAfter: number
}

/** Lets a caller through while the limit of `key` allows it; rejects, and the trail has it by then, once it does not. */
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
