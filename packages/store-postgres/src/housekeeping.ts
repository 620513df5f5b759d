import type { Housekeeping, LeaseName, Prunable } from "@agentwrit/authority/ports"
import type { Database } from "./database.ts"
import type { Followers } from "./followers.ts"
import type { GroupCommit } from "./group-commit.ts"
import { type Query, sql } from "./sql.ts"
import type { OpenedTrail } from "./verification.ts"

/** How long a lease for work holds without a renewal. */
const WORK_LEASE_MS = 5000

export interface HousekeepingOptions {
  readonly database: Database
  readonly commits: GroupCommit
  readonly followers: Followers
  readonly found: OpenedTrail
  readonly broker: string
  close(): Promise<void>
}

export function postgresHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { database, commits, followers, found, broker, close } = options
  let closing: Promise<void> | undefined
  return {
    prune: (what, before, limit) => database.run(DELETIONS[what](before, limit)),

    async withLease(name, work) {
      if (!(await take(database, name, broker))) return undefined
      const renewal = setInterval(() => void take(database, name, broker).catch(() => false), WORK_LEASE_MS / 5).unref()
      try {
        return await work()
      } finally {
        clearInterval(renewal)
        // If this fails, the lease lapses by itself.
        await database.run(sql`delete from leases where name = ${name} and broker = ${broker}`).catch(() => undefined)
      }
    },

    health: () => ({
      writable: commits.fault === undefined,
      trailSize: Math.max(commits.trailSize, followers.trailSize),
      trailVerified: found.verified,
      ...(found.problem !== undefined && { trailProblem: found.problem }),
    }),

    close: () => (closing ??= close()),
  }
}

async function take(database: Database, name: LeaseName, broker: string): Promise<boolean> {
  const taken = await database.run(sql`
    insert into leases (name, broker, until)
    values (${name}, ${broker}, clock_timestamp() + ${WORK_LEASE_MS} * interval '1 millisecond')
    on conflict (name) do update set broker = excluded.broker, until = excluded.until
    where leases.broker = excluded.broker or leases.until < clock_timestamp()`)
  return taken > 0
}

const DELETIONS: Readonly<Record<Prunable, (before: number, limit: number) => Query>> = {
  revocations: (before, limit) => sql`
    delete from revocations where seq in
      (select seq from revocations where prune_after <= ${before} order by prune_after limit ${limit})`,
  nonces: (before, limit) => sql`
    delete from spent_nonces where nonce in
      (select nonce from spent_nonces where expires_at < ${before} order by expires_at limit ${limit})`,
  launch_tokens: (before, limit) => sql`
    delete from launch_tokens where hash in
      (select hash from launch_tokens where expires_at < ${before} order by expires_at limit ${limit})`,
  tokens: (before, limit) => sql`
    delete from tokens where jti in
      (select jti from tokens where expires_at < ${before} order by expires_at limit ${limit})`,
}
