import { type AuditEvent, eventId } from "@agentwrit/audit"
import {
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
import { canonicalJson, type JsonObject, type RevocationLevel, revocationDigest } from "@agentwrit/core"
import type { Database } from "./database.ts"
import { hex } from "./hex.ts"
import {
  type AgentRow,
  type AppRow,
  type KeyRingRow,
  type LaunchTokenRow,
  toAgent,
  toApp,
  toKeyRing,
  toLaunchToken,
} from "./rows.ts"
import { type Query, sql } from "./sql.ts"

/** A row refers to the event that last set it. */
interface Referring {
  readonly event: number | null
}

interface StoredApp extends AppRow, Referring {
  readonly seq: number
  readonly app_id: string
  readonly name: string
  readonly client_id: string
  readonly orch_ids: readonly string[]
  readonly deregistered_at: number | null
  readonly revision: number
}

interface StoredAgent extends AgentRow, Referring {
  readonly seq: number
  readonly agent_id: string
  readonly orch_id: string
  readonly task_id: string
  readonly app_id: string | null
  readonly registered_at: number
  readonly revoked_at: number | null
}

interface StoredLaunchToken extends LaunchTokenRow, Referring {
  readonly hash: string
  readonly app_id: string | null
  readonly created_at: number
  readonly expires_at: number
  readonly single_use: boolean
}

interface StoredToken extends Referring {
  readonly jti: string
  readonly issued_at: number | null
  readonly expires_at: number
  readonly revoked_by: readonly string[]
}

interface StoredRevocation extends Referring {
  readonly seq: number
  readonly level: RevocationLevel
  readonly target: string
  readonly digest: Uint8Array
  readonly revoked_at: number
  readonly before: number | null
  readonly alone: boolean
  readonly expires_at: number | null
  readonly prune_after: number | null
}

/** The rows that the rights of a batch of events name, by id; revocations by level and target. */
interface RowsOfRights {
  readonly apps: ReadonlyMap<string, StoredApp>
  readonly agents: ReadonlyMap<string, StoredAgent>
  /** By the `jti` of the agent's token. */
  readonly holders: ReadonlyMap<string, StoredAgent>
  readonly launchTokens: ReadonlyMap<string, StoredLaunchToken>
  readonly tokens: ReadonlyMap<string, StoredToken>
  readonly revocations: ReadonlyMap<string, StoredRevocation>
}

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
 * and each row is as its event says. Brokers may write meanwhile: a row is never older than an event that was read
 * before it.
 */
export class TableVerifier {
  readonly #database: Database
  readonly #now: number
  readonly #seals: Seals | undefined
  /** The last declared restore, which deletes every launch token. */
  #restored = 0
  /** The event that last set the key ring; 0 after a declared restore, which deletes it. */
  #keyRingSet = 0
  /** Single-use launch tokens that were used and are still stored. */
  readonly #used = new Set<string>()

  constructor(database: Database, { now, recordsKey }: TableVerifierOptions) {
    this.#database = database
    this.#now = now
    this.#seals = recordsKey && new Seals(recordsKey)
  }

  /**
   * Compares the rights of events with the tables. Give every event, in the order of the chain.
   * @param after sequence number before the first of them.
   * @returns the first fault, or `undefined`.
   */
  async events(after: number, events: readonly AuditEvent[]): Promise<string | undefined> {
    const rows = await this.#rowsOf(events.flatMap(({ data }) => (data === undefined ? [] : [data as Rights])))
    return tableFaultOf(() => {
      for (const [at, event] of events.entries()) this.#compare(after + at + 1, event, rows)
    })
  }

  /** Compares each row with its event. Call it after the last event. */
  async rows(): Promise<string | undefined> {
    return (
      (await this.#checkKeyRing()) ??
      (await this.#each<StoredApp>(
        (last) => this.#page("apps", "seq", last?.seq ?? 0),
        (row, rights) => {
          const app = toApp(row)
          const name = `app ${row.app_id}`
          requireColumns(name, [
            [row.app_id, app.appId],
            [row.name, app.name],
            [row.client_id, app.clientId],
            [row.orch_ids, app.orchIds],
            [row.deregistered_at, app.deregisteredAt ?? null],
            [row.revision, app.revision],
          ])
          requireRecorded(name, row.event, rights?.apps, appRight(app))
          if (this.#seals) requireSeal(name, app, this.#seals.app(app))
        },
      )) ??
      (await this.#each<StoredAgent>(
        (last) => this.#page("agents", "seq", last?.seq ?? 0),
        (row, rights) => {
          const agent = toAgent(row)
          const name = `agent ${row.agent_id}`
          requireColumns(name, [
            [row.agent_id, agent.agentId],
            [row.orch_id, agent.orchId],
            [row.task_id, agent.taskId],
            [row.app_id, agent.appId ?? null],
            [row.registered_at, agent.registeredAt],
          ])
          const renewal = { agent_id: agent.agentId, jti: agent.jti, expires_at: agent.expiresAt }
          if (!rights?.renewals?.some((one) => isSameRight(one, renewal)))
            requireRecorded(name, row.event, rights?.agents, agentRight(agent))
          if (this.#seals) requireSeal(name, agent, this.#seals.agent(agent))
        },
      )) ??
      (await this.#each<StoredLaunchToken>(
        (last) => this.#page("launch_tokens", "hash", last?.hash ?? ""),
        (row, rights) => {
          const token = toLaunchToken(row)
          const name = `a launch token for ${token.agentName}`
          requireColumns(name, [
            [row.hash, token.hash],
            [row.app_id, token.appId ?? null],
            [row.created_at, token.createdAt],
            [row.expires_at, token.expiresAt],
            [row.single_use, token.singleUse],
          ])
          requireRecorded(name, row.event, rights?.launch_tokens, launchTokenRight(token))
          if ((row.event ?? 0) < this.#restored)
            throw new TableFault(
              `${name} is from before the restore declared by ${eventId(this.#restored)}, which made it void`,
            )
          if (this.#seals) requireSeal(name, token, this.#seals.launchToken(token))
        },
      )) ??
      (await this.#each<StoredToken>(
        (last) => this.#page("tokens", "jti", last?.jti ?? ""),
        (row, rights) => requireRecorded(`token ${row.jti}`, row.event, rights?.tokens, rightOfToken(row)),
      )) ??
      (await this.#checkRevocations())
    )
  }

  #checkRevocations(): Promise<string | undefined> {
    let last = 0
    return this.#each<StoredRevocation>(
      (row) => this.#page("revocations", "seq", row?.seq ?? 0),
      (row, rights) => {
        const name = `the revocation of ${row.level} ${row.target}`
        if (hex(row.digest) !== hex(revocationDigest(row.level, row.target)))
          throw new TableFault(`${name} does not have its own digest, so that it revokes something else`)
        if (row.prune_after !== null && row.prune_after < (row.expires_at ?? Infinity))
          throw new TableFault(`${name} would be deleted before its end`)
        if ((row.event ?? 0) < last) throw new TableFault(`${name} is not at its position in the log`)
        last = row.event ?? last
        requireRecorded(name, row.event, rights?.revocations, rightOfRevocation(row))
      },
    )
  }

  async #checkKeyRing(): Promise<string | undefined> {
    const row = await this.#database.get(sql<KeyRingRow & Referring>`select * from key_ring`)
    const rights = await this.#rightsBy(row === undefined ? [] : [row])
    return tableFaultOf(() => {
      if (this.#keyRingSet > 0) requireRow(this.#keyRingSet, "the ring of", "signing keys", row)
      if (row === undefined) return
      const ring = toKeyRing(row)
      const name = "the ring of signing keys"
      requireRecorded(name, row.event, rights.get(row.event ?? 0)?.key_rings, keyRingRight(ring))
      if (this.#seals) requireSeal(name, ring, this.#seals.keyRing(ring))
    })
  }

  #page(table: string, key: string, after: string | number): Query {
    // Names of our own, which cannot be values.
    const text = (part: string): Query => ({ strings: [part], values: [] })
    return sql`select * from ${text(table)} where ${text(key)} > ${after} order by ${text(key)} limit ${BATCH_SIZE}`
  }

  async #each<Row extends Referring>(
    next: (last: Row | undefined) => Query,
    check: (row: Row, rights: Rights | undefined) => void,
  ): Promise<string | undefined> {
    for (let last: Row | undefined; ; ) {
      const rows = await this.#database.all(next(last) as Query<Row>)
      const rights = await this.#rightsBy(rows)
      const fault = tableFaultOf(() => {
        for (const row of rows) check(row, rights.get(row.event ?? 0))
      })
      last = rows.at(-1)
      if (fault !== undefined || last === undefined || rows.length < BATCH_SIZE) return fault
    }
  }

  /** What the events give that rows refer to. */
  async #rightsBy(rows: readonly Referring[]): Promise<ReadonlyMap<number, Rights>> {
    const numbers = [...new Set(rows.flatMap(({ event }) => event ?? []))]
    const events = await this.#database.all(sql<{ seq: number; event: AuditEvent }>`
      select seq, event from events where seq = any(${numbers}::bigint[])`)
    return new Map(events.flatMap(({ seq, event }) => (event.data === undefined ? [] : [[seq, event.data as Rights]])))
  }

  /** The rows that the rights of a batch of events name. */
  async #rowsOf(rights: readonly Rights[]): Promise<RowsOfRights> {
    const texts = (values: readonly unknown[]): string[] => [...new Set(values.map(String))]
    const ofAll = (kind: "apps" | "agents" | "renewals" | "releases" | "tokens" | "revocations") =>
      rights.flatMap((each) => each[kind] ?? [])
    const agents = texts([...ofAll("agents"), ...ofAll("renewals"), ...ofAll("releases")].map((one) => one["agent_id"]))
    const hashes = texts(
      rights.flatMap((each) => [...(each.used_launch_tokens ?? []), ...(each.removed_launch_tokens ?? [])]),
    )
    const revoked = ofAll("revocations")
    const targets = texts(revoked.map(({ target }) => target))
    const rows = {
      apps: await this.#database.all(sql<StoredApp>`
        select * from apps where app_id = any(${texts(ofAll("apps").map((one) => one["app_id"]))})`),
      agents: await this.#database.all(sql<StoredAgent>`
        select * from agents where agent_id = any(${agents}) or jti = any(${targets})`),
      launchTokens: await this.#database.all(sql<StoredLaunchToken>`
        select * from launch_tokens where hash = any(${hashes})`),
      tokens: await this.#database.all(sql<StoredToken>`
        select * from tokens where jti = any(${texts(ofAll("tokens").map(({ jti }) => jti))})`),
      revocations: await this.#database.all(sql<StoredRevocation>`
        select * from revocations where target = any(${targets})`),
    }
    return {
      apps: new Map(rows.apps.map((row) => [row.app_id, row])),
      agents: new Map(rows.agents.map((row) => [row.agent_id, row])),
      holders: new Map(rows.agents.map((row) => [row.jti, row])),
      launchTokens: new Map(rows.launchTokens.map((row) => [row.hash, row])),
      tokens: new Map(rows.tokens.map((row) => [row.jti, row])),
      revocations: new Map(rows.revocations.map((row) => [`${row.level} ${row.target}`, row])),
    }
  }

  #compare(seq: number, event: AuditEvent, rows: RowsOfRights): void {
    if (event.event_type === "trail_restored" && event.outcome === "success") {
      this.#restored = seq
      this.#keyRingSet = 0
    }
    if (event.data === undefined) return
    const rights = event.data as Rights
    for (const { app_id } of rights.apps ?? []) requireRow(seq, "app", app_id, rows.apps.get(String(app_id)))
    for (const hash of rights.used_launch_tokens ?? []) this.#requireUsed(seq, hash, rows.launchTokens.get(hash))
    for (const hash of rights.removed_launch_tokens ?? []) {
      const row = rows.launchTokens.get(hash)
      if (row !== undefined)
        throw new TableFault(
          `the launch token for ${toLaunchToken(row).agentName} was made void by ${eventId(seq)}, and is there again`,
        )
    }
    for (const right of rights.agents ?? []) {
      const row = rows.agents.get(String(right["agent_id"]))
      requireRow(seq, "agent", right["agent_id"], row)
      const { jti: _jti, expires_at: _end, ...identity } = right
      if (row !== undefined && !isSameRight(identity, agentIdentity(toAgent(row))))
        throw changedRecord(`agent ${row.agent_id}`, seq)
    }
    for (const { agent_id } of rights.renewals ?? [])
      requireRow(seq, "agent", agent_id, rows.agents.get(String(agent_id)))
    for (const { agent_id, jti } of rights.releases ?? []) {
      const row = rows.agents.get(String(agent_id))
      if (row !== undefined && row.jti === jti && row.released_at === null)
        throw new TableFault(`agent ${row.agent_id} was released by ${eventId(seq)}, and its row does not say so`)
    }
    // Deleted some time after its end.
    for (const { jti, expires_at } of rights.tokens ?? [])
      if (Number(expires_at) > this.#now) requireRow(seq, "token", jti, rows.tokens.get(String(jti)))
    if (rights.key_rings !== undefined) this.#keyRingSet = seq
    for (const right of rights.revocations ?? []) {
      const level = String(right["level"])
      const target = String(right["target"])
      this.#requireRevoked(seq, right, rows.revocations.get(`${level} ${target}`), rows.holders.get(target))
    }
  }

  /** A launch token that is gone gives no right. */
  #requireUsed(seq: number, hash: string, row: StoredLaunchToken | undefined): void {
    if (row === undefined || !toLaunchToken(row).singleUse) return
    const used = `the launch token for ${toLaunchToken(row).agentName} was used by ${eventId(seq)}`
    if (row.spent_at === null) throw new TableFault(`${used}, and its row does not say so`)
    // Its row was made unspent in between.
    if (this.#used.has(hash)) throw new TableFault(`${used}, and before`)
    this.#used.add(hash)
  }

  #requireRevoked(
    seq: number,
    right: JsonObject,
    row: StoredRevocation | undefined,
    holder: StoredAgent | undefined,
  ): void {
    const level = String(right["level"])
    const name = `the revocation of ${level} ${String(right["target"])} by ${eventId(seq)}`
    const end = right["expires_at"] === null ? Infinity : Number(right["expires_at"])
    if (row === undefined) {
      // Deleted some time after its end.
      if (end > this.#now) throw new TableFault(`${name} is missing`)
      return
    }
    const covers =
      (row.expires_at ?? Infinity) >= end &&
      (row.before ?? 0) >= Number(right["before"] ?? 0) &&
      (!row.alone || right["alone"] === true)
    if (!covers) throw new TableFault(`${name} is narrower in the database`)
    if (level !== "token" || right["alone"] === true || holder === undefined) return
    if (holder.revoked_at === null && holder.released_at === null)
      throw new TableFault(`agent ${holder.agent_id} lost its token by ${eventId(seq)}, and its row does not say so`)
  }
}

/** The event that a row refers to must give exactly its right. */
function requireRecorded(
  name: string,
  event: number | null,
  recorded: readonly JsonObject[] | undefined,
  right: JsonObject,
): void {
  if (event === null) throw new TableFault(`${name} refers to no event`)
  if (!recorded?.some((one) => isSameRight(one, right))) throw changedRecord(name, event)
}

type Column = string | number | boolean | null | readonly string[]

/** Conditions use the columns, and answers the record: both must say the same. */
function requireColumns(name: string, pairs: readonly (readonly [column: Column, member: Column])[]): void {
  for (const [column, member] of pairs)
    if (canonicalJson(column) !== canonicalJson(member))
      throw new TableFault(`${name} has a column that contradicts its record`)
}

const rightOfToken = ({ jti, issued_at, expires_at, revoked_by }: StoredToken): JsonObject =>
  tokenRight({ jti, ...(issued_at !== null && { issuedAt: issued_at }), expiresAt: expires_at, revokedBy: revoked_by })

const rightOfRevocation = (row: StoredRevocation): JsonObject =>
  revocationRight({
    level: row.level,
    target: row.target,
    revokedAt: row.revoked_at,
    ...(row.before !== null && { before: row.before }),
    ...(row.alone && { alone: true }),
    expiresAt: row.expires_at,
    pruneAfter: null,
  })
