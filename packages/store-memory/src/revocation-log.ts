import type { Following, RevocationEntry, RevocationFollower, RevocationLog } from "@agentwrit/authority/ports"
import type { MemoryData } from "./data.ts"

interface LiveFollowing extends Following {
  readonly follower: RevocationFollower
  applied: number
}

export interface MemoryRevocationLog extends RevocationLog {
  /** Passes new entries to every follower. */
  announce(entries: readonly RevocationEntry[]): void
}

export function memoryRevocationLog(data: MemoryData): MemoryRevocationLog {
  const followings = new Set<LiveFollowing>()
  const entriesAfter = (position: number): readonly RevocationEntry[] =>
    [...data.revocations.values()]
      .filter(({ seq }) => seq > position)
      .sort((a, b) => a.seq - b.seq)
      .map(({ revokedAt: _, ...entry }) => entry)
  return {
    count: async () => data.revocations.size,

    async follow(from, follower) {
      const entries = entriesAfter(from)
      if (entries.length > 0) follower.append(entries)
      const following: LiveFollowing = {
        follower,
        applied: Math.max(from, data.revocationHead),
        stop: () => followings.delete(following),
      }
      followings.add(following)
      return following
    },

    async page(after, limit, at) {
      const entries = entriesAfter(after).filter(({ expiresAt }) => expiresAt === null || expiresAt > at)
      return { entries: entries.slice(0, limit), head: data.revocationHead }
    },

    announce(entries) {
      if (entries.length === 0) return
      for (const following of followings) {
        following.follower.append(entries)
        following.applied = data.revocationHead
      }
    },
  }
}
