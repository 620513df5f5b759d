import type { Prunable } from "@agentwrit/authority/ports"
import { type Query, type Statements, sql } from "./sql.ts"

const DELETIONS: Readonly<Record<Prunable, (before: number, limit: number) => Query>> = {
  revocations: (before, limit) => sql`
    delete from revocations where seq in
      (select seq from revocations where forget_at <= ${before} order by forget_at limit ${limit})`,
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

/** Deletes expired rows inside the open transaction and returns how many. */
export function prune(statements: Statements, what: Prunable, before: number, limit: number): number {
  if (what === "tokens")
    statements.run(sql`
      delete from token_targets where (target, jti) in
        (select value, jti from (select jti, revoked_by from tokens where expires_at < ${before}
          order by expires_at limit ${limit}), json_each(revoked_by))`)
  return statements.run(DELETIONS[what](before, limit))
}
