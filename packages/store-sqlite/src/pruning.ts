import { type Prepare, parameter } from "./statements.ts"

/** Deletes a bounded number of rows inside the open transaction; answers how many. */
export type Prune = (before: number, limit: number) => number

/** What maintenance deletes. */
export interface Pruning {
  /** Whose time to be forgotten has come. */
  readonly revocations: Prune
  /** Which expired before. */
  readonly nonces: Prune
  readonly launchTokens: Prune
  readonly delegatedTokens: Prune
}

interface Bounds {
  readonly before: number
  readonly limit: number
}

/** Prepares the statement of each kind. */
export function preparedPruning(prepare: Prepare): Pruning {
  const revocations = prepare<Bounds>((db) =>
    db
      .deleteFrom("revocations")
      .where("seq", "in", (eb) =>
        eb
          .selectFrom("revocations")
          .select("seq")
          .where("forget_at", "<=", parameter<number>("before"))
          .orderBy("forget_at")
          .limit(parameter<number>("limit")),
      ),
  )
  const nonces = prepare<Bounds>((db) =>
    db
      .deleteFrom("spent_nonces")
      .where("nonce", "in", (eb) =>
        eb
          .selectFrom("spent_nonces")
          .select("nonce")
          .where("expires_at", "<", parameter<number>("before"))
          .orderBy("expires_at")
          .limit(parameter<number>("limit")),
      ),
  )
  const launchTokens = prepare<Bounds>((db) =>
    db
      .deleteFrom("launch_tokens")
      .where("hash", "in", (eb) =>
        eb
          .selectFrom("launch_tokens")
          .select("hash")
          .where("expires_at", "<", parameter<number>("before"))
          .orderBy("expires_at")
          .limit(parameter<number>("limit")),
      ),
  )
  const delegatedTokens = prepare<Bounds>((db) =>
    db
      .deleteFrom("delegated_tokens")
      .where("jti", "in", (eb) =>
        eb
          .selectFrom("delegated_tokens")
          .select("jti")
          .where("expires_at", "<", parameter<number>("before"))
          .orderBy("expires_at")
          .limit(parameter<number>("limit")),
      ),
  )
  return {
    revocations: (before, limit) => revocations.run({ before, limit }).changes,
    nonces: (before, limit) => nonces.run({ before, limit }).changes,
    launchTokens: (before, limit) => launchTokens.run({ before, limit }).changes,
    delegatedTokens: (before, limit) => delegatedTokens.run({ before, limit }).changes,
  }
}
