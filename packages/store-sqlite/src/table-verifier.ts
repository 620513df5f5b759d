import { type AuditEvent, eventId } from "@agentwrit/audit"
import {
  type Agent,
  agentIdentity,
  agentRight,
  appRight,
  changedRecord,
  isSameRight,
  keyRingRight,
  launchTokenRight,
  type Rights,
  requireRow,
  requireSeal,
  revocationRight,
  Seals,
  TableFault,
  tableFaultOf,
  tokenRight,
} from "@agentwrit/authority/ports"
import { encodeBase64Url, type JsonObject, type RevocationLevel, revocationDigest } from "@agentwrit/core"
import {
  type AgentRow,
  type AppRow,
  blob,
  type KeyRingRow,
  type LaunchTokenRow,
  type TokenRow,
  toAgent,
  toApp,
  toKeyRing,
  toLaunchToken,
  toToken,
} from "./rows.ts"
import { type Query, type Statements, sql, type Value } from "./sql.ts"

/** A row that refers to the event which last set it; NULL when a version without such references set it. */
interface EventReference {
  readonly event: number | null
}

interface StoredRevocation extends EventReference {
  readonly seq: number
  readonly level: RevocationLevel
  readonly target: string
  readonly digest: string
  readonly revoked_at: number
  readonly before: number | null
  readonly alone: 0 | 1
  readonly expires_at: number | null
  readonly forget_at: number | null
}

/** The events that set a row of the tables which give rights. */
const EVENTS_WITH_RIGHTS: readonly string[] = [
  "app_registered",
  "app_authenticated",
  "admin_auth",
  "launch_token_issued",
  "agent_registered",
  "delegation_created",
  "token_revoked",
]

/** Rows that are read at once. */
const BATCH_SIZE = 500

/** Options of {@link TableVerifier}. */
export interface TableVerifierOptions {
  /** Milliseconds since the Unix epoch: what ended before may be deleted already. */
  readonly now: number
  /** The key of the records' seals. Absent: seals are not checked. */
  readonly recordsKey?: Uint8Array | undefined
}

/**
 * Holds the tables that give rights against the trail (CONTRACT 4), both ways: each event's rights are in the tables,
 * and each row is as its event says. Events that do not say what they give are not held against the tables.
 *
 * Its memory holds one batch and the hashes of the launch tokens that are stored. A broker may write meanwhile: a row
 * is never older than an event that was read before it.
 */
export class TableVerifier {
  readonly #statements: Statements
  readonly #now: number
  readonly #seals: Seals | undefined
  /** The last declared restore, which deletes every launch token. */
  #restored = 0
  /** The event that last set the key ring; 0 after a declared restore, which deletes it. */
  #keyRingSet = 0
  /** Single-use launch tokens that were used and are still stored. */
  readonly #used = new Set<string>()
  /** Whether a version that did not record rights gave any: only then may a row refer to no event. */
  #isUpgraded = false

  constructor(statements: Statements, { now, recordsKey }: TableVerifierOptions) {
    this.#statements = statements
    this.#now = now
    this.#seals = recordsKey && new Seals(recordsKey)
  }

  /**
   * Compares an event's rights with the tables. Give every event, in the order of the chain.
   * @returns the first fault, or `undefined`.
   */
  event(seq: number, event: AuditEvent): string | undefined {
    if (event.event_type === "trail_restored" && event.outcome === "success") {
      this.#restored = seq
      this.#keyRingSet = 0
    }
    if (event.data === undefined) {
      this.#isUpgraded ||= event.outcome === "success" && EVENTS_WITH_RIGHTS.includes(event.event_type)
      return undefined
    }
    return tableFaultOf(() => {
      const rights = event.data as Rights
      for (const app of rights.apps ?? []) requireRow(seq, "app", app["app_id"], this.#app(String(app["app_id"])))
      for (const hash of rights.used_launch_tokens ?? []) this.#requireUsed(seq, hash)
      for (const hash of rights.removed_launch_tokens ?? []) this.#requireRemoved(seq, hash)
      for (const agent of rights.agents ?? []) this.#requireAgent(seq, agent)
      for (const renewal of rights.renewals ?? []) this.#requireRenewed(seq, renewal)
      for (const release of rights.releases ?? []) this.#requireReleased(seq, release)
      for (const token of rights.tokens ?? []) this.#requireToken(seq, token)
      if (rights.key_rings !== undefined) this.#keyRingSet = seq
      for (const revocation of rights.revocations ?? []) this.#requireRevoked(seq, revocation)
    })
  }

  /**
   * Compares each row with its event, a batch at a time. Take it after the last event.
   * @returns the first fault of each batch, or `undefined`.
   */
  *rows(): Generator<string | undefined, void, undefined> {
    yield tableFaultOf(() => this.#checkKeyRing())
    yield* this.#each<AppRow & EventReference & Keyed<number>>(
      (after) => sql`select seq as key, * from apps where seq > ${after} order by seq limit ${BATCH_SIZE}`,
      0,
      (row) => {
        const app = toApp(row)
        this.#requireRecorded(`app ${app.appId}`, row.event, "apps", appRight(app))
        if (this.#seals) requireSeal(`app ${app.appId}`, app, this.#seals.app(app))
      },
    )
    yield* this.#each<AgentRow & EventReference & Keyed<number>>(
      (after) => sql`select seq as key, * from agents where seq > ${after} order by seq limit ${BATCH_SIZE}`,
      0,
      (row) => {
        const agent = toAgent(row)
        this.#requireRecordedAgent(row.event, agent)
        if (this.#seals) requireSeal(`agent ${agent.agentId}`, agent, this.#seals.agent(agent))
      },
    )
    yield* this.#each<LaunchTokenRow & EventReference & Keyed<Uint8Array>>(
      (after) => sql`select hash as key, * from launch_tokens where hash > ${after} order by hash limit ${BATCH_SIZE}`,
      new Uint8Array(),
      (row) => {
        const token = toLaunchToken(row)
        const name = `a launch token for ${token.agentName}`
        this.#requireRecorded(name, row.event, "launch_tokens", launchTokenRight(token))
        if ((row.event ?? 0) < this.#restored)
          throw new TableFault(
            `${name} is from before the restore declared by ${eventId(this.#restored)}, which made it void`,
          )
        if (this.#seals) requireSeal(name, token, this.#seals.launchToken(token))
      },
    )
    yield* this.#each<TokenRow & EventReference & Keyed<string>>(
      (after) => sql`select jti as key, * from tokens where jti > ${after} order by jti limit ${BATCH_SIZE}`,
      "",
      (row) => this.#requireRecorded(`token ${row.jti}`, row.event, "tokens", tokenRight(toToken(row))),
    )
    let last = 0
    yield* this.#each<StoredRevocation & Keyed<number>>(
      (after) => sql`select seq as key, * from revocations where seq > ${after} order by seq limit ${BATCH_SIZE}`,
      0,
      (row) => {
        const name = `the revocation of ${row.level} ${row.target}`
        if (row.digest !== encodeBase64Url(revocationDigest(row.level, row.target)))
          throw new TableFault(`${name} does not have its own digest, so that it revokes something else`)
        if (row.forget_at !== null && row.forget_at < (row.expires_at ?? Infinity))
          throw new TableFault(`${name} would be deleted before its end`)
        if ((row.event ?? 0) < last) throw new TableFault(`${name} is not at its position in the log`)
        last = row.event ?? last
        this.#requireRecorded(name, row.event, "revocations", rightOfRevocation(row))
      },
    )
  }

  #checkKeyRing(): void {
    // A copy that a version before the table made.
    if (this.#statements.get(sql`select 1 from sqlite_schema where name = 'key_ring'`) === undefined) return
    const row = this.#statements.get(sql<KeyRingRow & EventReference>`select * from key_ring`)
    if (this.#keyRingSet > 0) requireRow(this.#keyRingSet, "the ring of", "signing keys", row)
    if (row === undefined) return
    const ring = toKeyRing(row)
    this.#requireRecorded("the ring of signing keys", row.event, "key_rings", keyRingRight(ring))
    if (this.#seals) requireSeal("the ring of signing keys", ring, this.#seals.keyRing(ring))
  }

  *#each<Row extends Keyed<Value>>(
    next: (after: Row["key"]) => Query<Row>,
    start: Row["key"],
    check: (row: Row) => void,
  ): Generator<string | undefined, void, undefined> {
    for (let after = start; ; ) {
      const rows = this.#statements.all(next(after))
      const fault = tableFaultOf(() => rows.forEach(check))
      yield fault
      const last = rows.at(-1)
      if (fault !== undefined || last === undefined || rows.length < BATCH_SIZE) return
      after = last.key
    }
  }

  #requireAgent(seq: number, right: JsonObject): void {
    const row = this.#agent(right["agent_id"])
    requireRow(seq, "agent", right["agent_id"], row)
    if (row === undefined) return
    const { jti: _jti, expires_at: _end, ...identity } = right
    if (!isSameRight(identity, agentIdentity(toAgent(row)))) throw changedRecord(`agent ${row.agent_id}`, seq)
  }

  #requireRenewed(seq: number, { agent_id }: JsonObject): void {
    requireRow(seq, "agent", agent_id, this.#agent(agent_id))
  }

  #requireReleased(seq: number, { agent_id, jti }: JsonObject): void {
    const row = this.#agent(agent_id)
    if (row !== undefined && row.jti === jti && row.released_at === null)
      throw new TableFault(`agent ${row.agent_id} was released by ${eventId(seq)}, and its row does not say so`)
  }

  /** A launch token that is gone gives no right. */
  #requireUsed(seq: number, hash: string): void {
    const row = this.#launchToken(hash)
    if (row === undefined || row.single_use !== 1) return
    const used = `the launch token for ${row.agent_name} was used by ${eventId(seq)}`
    if (row.spent_at === null) throw new TableFault(`${used}, and its row does not say so`)
    // Its row was made unspent in between.
    if (this.#used.has(hash)) throw new TableFault(`${used}, and before`)
    this.#used.add(hash)
  }

  #requireRemoved(seq: number, hash: string): void {
    const row = this.#launchToken(hash)
    if (row !== undefined)
      throw new TableFault(
        `the launch token for ${row.agent_name} was made void by ${eventId(seq)}, and is there again`,
      )
  }

  #requireToken(seq: number, token: JsonObject): void {
    const { jti, expires_at } = token
    // Deleted some time after its end.
    if (Number(expires_at) <= this.#now) return
    const row = this.#statements.get(sql<TokenRow & EventReference>`select * from tokens where jti = ${String(jti)}`)
    requireRow(seq, "token", jti, row)
  }

  #requireRevoked(seq: number, right: JsonObject): void {
    const level = String(right["level"])
    const target = String(right["target"])
    const name = `the revocation of ${level} ${target} by ${eventId(seq)}`
    const row = this.#statements.get(
      sql<StoredRevocation>`select * from revocations where level = ${level} and target = ${target}`,
    )
    const end = right["expires_at"] === null ? Infinity : Number(right["expires_at"])
    if (row === undefined) {
      // Deleted some time after its end.
      if (end > this.#now) throw new TableFault(`${name} is missing`)
      return
    }
    const covers =
      (row.expires_at ?? Infinity) >= end &&
      (row.before ?? 0) >= Number(right["before"] ?? 0) &&
      (row.alone === 0 || right["alone"] === true)
    if (!covers) throw new TableFault(`${name} is narrower in the database`)
    if (level !== "token" || right["alone"] === true) return
    const agent = this.#statements.get(sql<AgentRow>`select * from agents where jti = ${target}`)
    if (agent !== undefined && agent.revoked_at === null && agent.released_at === null)
      throw new TableFault(`agent ${agent.agent_id} lost its token by ${eventId(seq)}, and its row does not say so`)
  }

  /** The event that a row refers to must give exactly its right. */
  #requireRecorded(name: string, event: number | null, kind: keyof Rights & string, right: JsonObject): void {
    const rights = this.#rightsOf(name, event)
    const recorded = rights?.[kind] as readonly JsonObject[] | undefined
    if (rights !== undefined && !recorded?.some((one) => isSameRight(one, right))) throw changedRecord(name, event ?? 0)
  }

  #requireRecordedAgent(event: number | null, agent: Agent): void {
    const { agentId, jti, expiresAt } = agent
    const rights = this.#rightsOf(`agent ${agentId}`, event)
    if (rights === undefined) return
    const renewal = { agent_id: agentId, jti, expires_at: expiresAt }
    const isRecorded =
      rights.agents?.some((one) => isSameRight(one, agentRight(agent))) ||
      rights.renewals?.some((one) => isSameRight(one, renewal))
    if (!isRecorded) throw changedRecord(`agent ${agentId}`, event ?? 0)
  }

  /** What an event gives; `undefined` for a row that refers to none. */
  #rightsOf(name: string, event: number | null): Rights | undefined {
    if (event === null) {
      if (this.#isUpgraded) return undefined
      throw new TableFault(`${name} refers to no event, and every event since the first says what it gives`)
    }
    const row = this.#statements.get(sql<{ data: string | null }>`select data from events where seq = ${event}`)
    if (row === undefined || row.data === null)
      throw new TableFault(`${name} refers to ${eventId(Math.max(1, event))}, which does not say so`)
    return JSON.parse(row.data)
  }

  #app(appId: string): (AppRow & EventReference) | undefined {
    return this.#statements.get(sql<AppRow & EventReference>`select * from apps where app_id = ${appId}`)
  }

  #agent(agentId: unknown): (AgentRow & EventReference) | undefined {
    return this.#statements.get(
      sql<AgentRow & EventReference>`select * from agents where agent_id = ${String(agentId)}`,
    )
  }

  #launchToken(hash: string): LaunchTokenRow | undefined {
    return this.#statements.get(sql<LaunchTokenRow>`select * from launch_tokens where hash = ${blob(hash)}`)
  }
}

interface Keyed<Key extends Value> {
  readonly key: Key
}

const rightOfRevocation = (row: StoredRevocation): JsonObject =>
  revocationRight({
    level: row.level,
    target: row.target,
    revokedAt: row.revoked_at,
    ...(row.before !== null && { before: row.before }),
    ...(row.alone === 1 && { alone: true }),
    expiresAt: row.expires_at,
    pruneAfter: null,
  })
