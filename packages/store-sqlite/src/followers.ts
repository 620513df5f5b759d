import type { Following, Revocation, RevocationEntry, RevocationFollower } from "@agentwrit/authority/ports"

/** Those who follow the revocation log of one store and have applied all that is on disk. */
export class Followers {
  readonly #followings = new Set<LiveFollowing>()

  /**
   * Adds a follower. Everything up to `applied` must be applied; entries that are on disk and not announced yet may be
   * included.
   */
  add(follower: RevocationFollower, applied: number): Following {
    const following = new LiveFollowing(follower, applied, () => this.#followings.delete(following))
    this.#followings.add(following)
    return following
  }

  append(entries: readonly RevocationEntry[]): void {
    for (const following of this.#followings) following.append(entries)
  }

  appendUnconfirmed(revocations: readonly Revocation[]): void {
    if (revocations.length === 0) return
    for (const { follower } of this.#followings) follower.appendUnconfirmed?.(revocations)
  }
}

class LiveFollowing implements Following {
  readonly follower: RevocationFollower
  readonly stop: () => void
  #applied: number

  constructor(follower: RevocationFollower, applied: number, stop: () => void) {
    this.follower = follower
    this.stop = stop
    this.#applied = applied
  }

  get applied(): number {
    return this.#applied
  }

  append(entries: readonly RevocationEntry[]): void {
    const fresh = entries.filter(({ seq }) => seq > this.#applied)
    if (fresh.length === 0) return
    this.follower.append(fresh)
    this.#applied = fresh.at(-1)?.seq ?? this.#applied
  }
}
