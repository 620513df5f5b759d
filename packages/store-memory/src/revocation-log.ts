import type {
  Following,
  RevocationEntry,
  RevocationFollower,
  RevocationLog,
  RevocationPage,
} from "@agentwrit/authority/ports"
import type { MemoryData } from "./data.ts"

interface LiveFollowing extends Following {
  readonly follower: RevocationFollower
  applied: number
}

export class MemoryRevocationLog implements RevocationLog {
  readonly #data: MemoryData
  readonly #followings = new Set<LiveFollowing>()

  constructor(data: MemoryData) {
    this.#data = data
  }

  async count(): Promise<number> {
    return this.#data.revocations.size
  }

  async follow(from: number, follower: RevocationFollower): Promise<Following> {
    const entries = this.#after(from)
    if (entries.length > 0) follower.append(entries)
    const following: LiveFollowing = {
      follower,
      applied: Math.max(from, this.#data.revocationHead),
      stop: () => this.#followings.delete(following),
    }
    this.#followings.add(following)
    return following
  }

  async page(after: number, limit: number, at: number): Promise<RevocationPage> {
    const entries = this.#after(after).filter(({ expiresAt }) => expiresAt === null || expiresAt > at)
    return { entries: entries.slice(0, limit), head: this.#data.revocationHead }
  }

  /** Lets every follower apply new entries. */
  announce(entries: readonly RevocationEntry[]): void {
    const last = entries.at(-1)
    if (last === undefined) return
    for (const following of this.#followings) {
      following.follower.append(entries)
      following.applied = last.seq
    }
  }

  #after(position: number): readonly RevocationEntry[] {
    return [...this.#data.revocations.values()].filter(({ seq }) => seq > position).sort((a, b) => a.seq - b.seq)
  }
}
