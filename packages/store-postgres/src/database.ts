import { UnavailableError } from "@agentwrit/authority/ports"
import pg from "pg"
import { codeOf, DatabaseError, isFromServer, unavailable } from "./errors.ts"
import { type Query, textOf } from "./sql.ts"

/** Connections that one broker reads with. */
const READING_CONNECTIONS = 8

/** How long the server may take to answer a short statement, before the connection counts as lost. */
const ANSWER_TIMEOUT_MS = 5000

/** How long a query over many rows may take. */
const QUERY_TIMEOUT_MS = 60_000

/** OID of the type `bigint`. Every number that we store is a safe integer. */
const BIGINT = 20

const config = (url: string): pg.ClientConfig => ({
  connectionString: url,
  application_name: "agentwrit",
  connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
  query_timeout: ANSWER_TIMEOUT_MS,
  keepAlive: true,
  types: { getTypeParser: (oid, format) => (oid === BIGINT ? Number : pg.types.getTypeParser(oid, format)) },
})

/** Names of the statements: each connection prepares each text once. */
const names = new Map<string, string>()

function prepared(query: Query): pg.QueryConfig {
  const text = textOf(query)
  let name = names.get(text)
  if (name === undefined) {
    name = `agentwrit_${names.size}`
    names.set(text, name)
  }
  return { name, text, values: query.values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)) }
}

/** What runs queries. */
export interface Queries {
  all<Row>(query: Query<Row>): Promise<readonly Row[]>
  get<Row>(query: Query<Row>): Promise<Row | undefined>
  /** @returns how many rows were found or written. */
  run(query: Query): Promise<number>
}

function queriesOf(client: { query(config: pg.QueryConfig): Promise<pg.QueryResult> }): Queries {
  return {
    all: async <Row>(query: Query<Row>) => (await client.query(prepared(query))).rows as Row[],
    get: async <Row>(query: Query<Row>) => (await client.query(prepared(query))).rows[0] as Row | undefined,
    run: async (query) => (await client.query(prepared(query))).rowCount ?? 0,
  }
}

/** A connection of its own. Queries that are sent without waiting travel together. */
export interface Connection extends Queries {
  /** The rows, and how many were found or written. */
  query(query: Query): Promise<{ readonly rows: readonly unknown[]; readonly count: number }>
  /** Commands without values, such as `begin`. */
  command(text: string): Promise<void>
  readonly isLost: boolean
  onNotification(listener: (payload: string) => void): void
  onLost(listener: () => void): void
  close(): Promise<void>
}

/** @throws when the server cannot be reached or refuses. */
export async function connect(url: string): Promise<Connection> {
  const client = new pg.Client({ ...config(url), pipeline: true })
  let isLost = false
  const lost: (() => void)[] = []
  const lose = (): void => {
    if (isLost) return
    isLost = true
    for (const listener of lost) listener()
  }
  client.on("error", lose)
  client.on("end", lose)
  await client.connect()
  const guarded = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    try {
      return await answer
    } catch (error) {
      // The primary has become a standby. A new connection may find the new primary.
      if (codeOf(error) === "25006") lose()
      throw error
    }
  }
  const query = (config: pg.QueryConfig) => guarded(client.query(config))
  return {
    ...queriesOf({ query }),
    query: async (config) => {
      const { rows, rowCount } = await query(prepared(config))
      return { rows, count: rowCount ?? 0 }
    },
    command: async (text) => void (await guarded(client.query(text))),
    get isLost() {
      return isLost
    },
    onNotification: (listener) => void client.on("notification", ({ payload = "" }) => listener(payload)),
    onLost: (listener) => void lost.push(listener),
    close: async () => {
      await client.end().catch(() => undefined)
    },
  }
}

/** One connection for short statements that must not wait for long ones. It is made again when it is lost. */
export class Session implements Queries {
  readonly #url: string
  #connecting: Promise<Connection> | undefined
  #closed = false

  constructor(url: string) {
    this.#url = url
  }

  all<Row>(query: Query<Row>): Promise<readonly Row[]> {
    return this.#with((connection) => connection.all(query))
  }

  get<Row>(query: Query<Row>): Promise<Row | undefined> {
    return this.#with((connection) => connection.get(query))
  }

  run(query: Query): Promise<number> {
    return this.#with((connection) => connection.run(query))
  }

  async close(): Promise<void> {
    this.#closed = true
    const connection = await this.#connecting?.catch(() => undefined)
    await connection?.close()
  }

  async #with<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new UnavailableError("closed", "the store is closed")
    try {
      return await work(await this.#connection())
    } catch (error) {
      throw isFromServer(error) ? error : unavailable(error)
    }
  }

  async #connection(): Promise<Connection> {
    const current = this.#connecting
    const known = await current?.catch(() => undefined)
    if (known !== undefined && !known.isLost) return known
    // Of those who find it lost, the first one connects.
    if (this.#connecting === current || this.#connecting === undefined) this.#connecting = connect(this.#url)
    return this.#connecting
  }
}

/** Reads what is committed, and runs statements that are a transaction of their own. */
export class Database implements Queries {
  readonly url: string
  readonly #pool: pg.Pool
  #closed = false

  constructor(url: string) {
    this.url = url
    this.#pool = new pg.Pool({ ...config(url), query_timeout: QUERY_TIMEOUT_MS, max: READING_CONNECTIONS })
    // A connection that is lost while nobody uses it. The next query makes another one.
    this.#pool.on("error", () => undefined)
  }

  all<Row>(query: Query<Row>): Promise<readonly Row[]> {
    return this.#guard(() => queriesOf(this.#pool).all(query))
  }

  get<Row>(query: Query<Row>): Promise<Row | undefined> {
    return this.#guard(() => queriesOf(this.#pool).get(query))
  }

  run(query: Query): Promise<number> {
    return this.#guard(() => queriesOf(this.#pool).run(query))
  }

  /**
   * Reads what was committed when it began. Resolves as soon as later commits cannot change the result.
   * @param read runs after that.
   */
  async snapshot<Result>(read: (queries: Queries) => Promise<Result>): Promise<{ readonly result: Promise<Result> }> {
    const client = await this.#guard(() => this.#pool.connect())
    try {
      await client.query("begin isolation level repeatable read, read only")
      await client.query("select 1")
    } catch (error) {
      client.release(true)
      throw unavailable(error)
    }
    const reading = async (): Promise<Result> => {
      try {
        const result = await read(queriesOf(client))
        await client.query("commit")
        client.release()
        return result
      } catch (error) {
        client.release(true)
        throw isFromServer(error) ? error : unavailable(error)
      }
    }
    const result = reading()
    // A failure is thrown where the result is awaited, if it is.
    result.catch(() => undefined)
    return { result }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#pool.end()
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new UnavailableError("closed", "the store is closed")
    try {
      return await work()
    } catch (error) {
      const code = codeOf(error)
      // The server's word about the statement itself is a fault of ours.
      if (isFromServer(error) && !/^(?:08|25|53|57|58)/.test(code ?? "")) throw error
      throw unavailable(error)
    }
  }
}

interface Settings {
  readonly version: number
  readonly fsync: string
  readonly full_page_writes: string
  readonly synchronous_commit: string
  readonly standby: boolean
}

/** Levels at which a commit is on the disk when it is answered, and on that of a synchronous standby. */
const DURABLE = ["on", "remote_apply"]

/**
 * Refuses a server that may lose a commit that it answered, or on which nobody can write.
 * @throws {@link DatabaseError}.
 */
export async function requireDurable(connection: Queries): Promise<void> {
  const found = await connection.get<Settings>({
    strings: [
      `select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync,
        current_setting('full_page_writes') as full_page_writes,
        current_setting('synchronous_commit') as synchronous_commit, pg_is_in_recovery() as standby`,
    ],
    values: [],
  })
  if (found === undefined) throw new DatabaseError("database_failed", "the server does not tell its settings")
  if (found.version < 150_000)
    throw new DatabaseError("database_too_old", "PostgreSQL 15 or newer is needed: upgrade the server")
  if (found.standby)
    throw new DatabaseError("database_read_only", "the server is a standby: AA_DATABASE_URL must name the primary")
  if (found.fsync !== "on" || found.full_page_writes !== "on" || !DURABLE.includes(found.synchronous_commit))
    throw new DatabaseError(
      "database_not_durable",
      `the server can lose commits that it answered (fsync ${found.fsync}, full_page_writes ${found.full_page_writes}, ` +
        `synchronous_commit ${found.synchronous_commit}): set all three to on`,
    )
}
