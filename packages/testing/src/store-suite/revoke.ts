import type { Revocation, RevocationEntry, RevocationPage, Store } from "@agentwrit/authority/ports"
import { digestOf } from "../fixtures.ts"

export const revoke = (store: Store, revocation: Revocation, once = false) =>
  store.commit({ writes: [{ type: "revoke", revocation, once }], events: [] })

/** The log's entry for a revocation. */
export const entryOf = (seq: number, revocation: Revocation): RevocationEntry => ({
  seq,
  level: revocation.level,
  digest: Uint8Array.from(Buffer.from(digestOf(revocation), "hex")),
  expiresAt: revocation.expiresAt,
  pruneAfter: revocation.pruneAfter,
})

/** With plain byte arrays: stores return different kinds, which would not compare as equal. */
export async function pageOf(store: Store, after: number, limit: number, at: number): Promise<RevocationPage> {
  const { entries, head } = await store.revocations.page(after, limit, at)
  return { entries: entries.map(plain), head }
}

export const plain = (entry: RevocationEntry): RevocationEntry => ({ ...entry, digest: Uint8Array.from(entry.digest) })
