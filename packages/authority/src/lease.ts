import type { AuthorityContext } from "./context.ts"
import { Refusal } from "./refusal.ts"

/**
 * Requires that this broker knows every revocation that was answered anywhere (CONTRACT 12). Call it before the first
 * look at a token.
 * @throws {@link Refusal} `unavailable` while its lease has lapsed.
 */
export function requireLease({ store }: AuthorityContext): void {
  if (store.lease?.held !== false) return
  throw new Refusal("unavailable", {
    detail: "this broker has lost its connection to the others, so it may miss a revocation",
    reason: "the broker's lease has lapsed",
    hint: "try again, or ask another broker",
    retryAfter: 1,
  })
}
