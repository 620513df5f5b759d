import { randomBytes } from "node:crypto"
import type { Revocation } from "@agentwrit/authority/ports"
import { SqliteStore } from "@agentwrit/store-sqlite"

/** Revocations listed in one commit. */
const BATCH = 5_000

/** Lists that many tokens as revoked, for longer than any measurement takes. */
export async function makeRevocations(path: string, count: number): Promise<void> {
  await using store = await SqliteStore.open({ path })
  const revokedAt = Date.now()
  const lasts = { expiresAt: revokedAt + 86_400_000, pruneAfter: revokedAt + 2 * 86_400_000 }
  for (let made = 0; made < count; made += BATCH) {
    const writes = Array.from({ length: Math.min(BATCH, count - made) }, () => {
      const revocation: Revocation = { level: "token", target: randomBytes(16).toString("hex"), revokedAt, ...lasts }
      return { type: "revoke", revocation } as const
    })
    await store.commit({ writes, events: [] })
  }
}
