import { ConflictError, type ListedRevocation, type Revocation, type Write } from "@agentwrit/authority"
import { encodeBase64Url, revocationDigest } from "@agentwrit/core"
import { sql } from "kysely"
import { type ListedRevocationRow, toListedRevocation } from "./rows.ts"
import { type Prepare, parameter } from "./statements.ts"

type RevokeWrite = Extract<Write, { readonly type: "revoke" }>

/** Prepares the condition that a token is not listed as revoked. */
export function preparedUnrevoked(prepare: Prepare): (jti: string) => void {
  const find = prepare<{ jti: string }>((db) =>
    db
      .selectFrom("revocations")
      .select("seq")
      .where("level", "=", sql.lit("token"))
      .where("target", "=", parameter<string>("jti")),
  )
  return (jti) => {
    if (find.get({ jti }) !== undefined) throw new ConflictError("already_revoked")
  }
}

/** Prepares what lists a revocation; run, it answers the new entry, or nothing when the list stays as it is. */
export function preparedRevocations(prepare: Prepare): (write: RevokeWrite) => ListedRevocation | undefined {
  // Asked first, because an insertion that conflicts would use up a number, and the feed's head would run ahead of its entries.
  const find = prepare<Revocation>((db) =>
    db
      .selectFrom("revocations")
      .select("seq")
      .where("level", "=", parameter<string>("level"))
      .where("target", "=", parameter<string>("target")),
  )
  const insert = prepare<Revocation & { digest: string }, ListedRevocationRow>((db) =>
    db
      .insertInto("revocations")
      .values({
        level: parameter<string>("level"),
        target: parameter<string>("target"),
        digest: parameter<string>("digest"),
        revoked_at: parameter<number>("revokedAt"),
        expires_at: parameter<number | null>("expiresAt"),
        forget_at: parameter<number | null>("forgetAt"),
      })
      .returning(["seq", "level", "digest", "expires_at"]),
  )
  // An entry keeps its number for ever, so that a later end takes a new entry: those who follow the list then learn of it.
  const removeShorter = prepare<Revocation>((db) =>
    db
      .deleteFrom("revocations")
      .where("level", "=", parameter<string>("level"))
      .where("target", "=", parameter<string>("target"))
      .where("expires_at", "<", sql<number>`ifnull(${parameter("expiresAt")}, 9e18)`),
  )
  const markHolder = prepare<Revocation>((db) =>
    db
      .updateTable("agents")
      .set({ revoked_at: parameter<number>("revokedAt") })
      .where("jti", "=", parameter<string>("target"))
      .where("revoked_at", "is", null),
  )

  return ({ revocation, once = false }) => {
    const { level, target } = revocation
    if (level === "token" && !once) markHolder.run(revocation)
    const isListed = find.get(revocation) !== undefined
    if (isListed && once) throw new ConflictError("already_revoked")
    if (isListed && removeShorter.run(revocation).changes === 0) return undefined
    const added = insert.get({ ...revocation, digest: encodeBase64Url(revocationDigest(level, target)) })
    return added && toListedRevocation(added)
  }
}
