import type { AuditEventType } from "@agentwrit/audit"
import { type Authority, type Caller, Refusal } from "@agentwrit/authority"
import type { RateLimit } from "../http/rate-limit.ts"

/** Takes one from the limit of `key`, or throws a refusal that says when the next one comes back. */
export function takeWithin(limit: RateLimit, key: string, what: string): void {
  if (!limit.take(key)) throw tooMany(what, limit.waitMs(key))
}

/** As {@link takeWithin}, for a caller that no use case has admitted yet: records the refusal in the trail itself. */
export async function admitWithin(
  limit: RateLimit,
  what: string,
  deniedAs: AuditEventType,
  [authority, caller]: readonly [Authority, Caller],
): Promise<void> {
  try {
    takeWithin(limit, caller.source, what)
  } catch (error) {
    if (error instanceof Refusal) await authority.recordDenial(caller, deniedAs, error)
    throw error
  }
}

/** @param what there is too much of, after "too many". */
export function tooMany(what: string, waitMs: number): Refusal {
  return new Refusal("rate_limited", { detail: `too many ${what}`, retryAfter: Math.max(1, Math.ceil(waitMs / 1000)) })
}
