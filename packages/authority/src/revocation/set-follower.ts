import { type RevocationSet, revocationDigest } from "@agentwrit/core"
import type { RevocationFollower } from "../ports/revocation-log.ts"

/** Applies the revocation log to the set in memory that every token is checked against. */
export function followInto(set: RevocationSet): RevocationFollower {
  const add = (digest: Uint8Array, pruneAfter: number | null) =>
    set.add(digest, pruneAfter === null ? null : Math.ceil(pruneAfter / 1000))
  return {
    append(entries) {
      for (const { digest, pruneAfter } of entries) add(digest, pruneAfter)
    },
    appendUnconfirmed(revocations) {
      for (const { level, target, pruneAfter } of revocations) add(revocationDigest(level, target), pruneAfter)
    },
  }
}
