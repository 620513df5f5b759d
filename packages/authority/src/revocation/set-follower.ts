import { type RevocationSet, revocationDigest } from "@agentwrit/core"
import type { RevocationEntry, RevocationFollower } from "../ports/revocation-log.ts"

/** Applies the revocation log to the set in memory that every token is checked against. */
export function followInto(set: RevocationSet): RevocationFollower {
  const apply = (entry: Omit<RevocationEntry, "seq" | "expiresAt">) =>
    set.apply(entry, entry.pruneAfter === null ? null : Math.ceil(entry.pruneAfter / 1000))
  return {
    append(entries) {
      for (const entry of entries) apply(entry)
    },
    appendUnconfirmed(revocations) {
      for (const revocation of revocations)
        apply({ ...revocation, digest: revocationDigest(revocation.level, revocation.target) })
    },
  }
}
