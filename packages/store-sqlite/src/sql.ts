import type Sqlite from "better-sqlite3"

/** What SQLite stores. Booleans are 0 and 1. */
export type Value = string | number | Uint8Array | null

/** SQL text with a `?` for each value. `Row` is the type of the rows that it returns. */
export interface Query<Row = unknown> {
  readonly text: string
  readonly values: readonly Value[]
  /** Never set: it only carries the type. */
  readonly row?: Row
}

/**
 * Builds a query. An embedded query becomes part of the text; any other value is bound.
 * @example
 * const agentById = (agentId: string) => sql<AgentRow>`select * from agents where agent_id = ${agentId}`
 */
export function sql<Row = unknown>(strings: TemplateStringsArray, ...parts: readonly (Value | Query)[]): Query<Row> {
  if (!parts.some(isQuery)) return { text: plainText(strings), values: parts as Value[] }
  let [text = ""] = strings
  const values: Value[] = []
  for (const [at, part] of parts.entries()) {
    text += (isQuery(part) ? part.text : "?") + (strings[at + 1] ?? "")
    values.push(...(isQuery(part) ? part.values : [part]))
  }
  return { text, values }
}

const isQuery = (part: Value | Query): part is Query => part !== null && typeof part === "object" && "text" in part

/** The texts of templates without embedded queries: each is made once. */
const plainTexts = new WeakMap<TemplateStringsArray, string>()

function plainText(strings: TemplateStringsArray): string {
  const known = plainTexts.get(strings)
  if (known !== undefined) return known
  const text = strings.join("?")
  plainTexts.set(strings, text)
  return text
}

/** The texts of insertions by table. */
const insertions = new Map<string, string>()

/** Inserts a row whose keys are the names of the columns, always in the same order. */
export function insert<Row extends { readonly [Column in keyof Row]: Value }>(table: string, row: Row): Query {
  let text = insertions.get(table)
  if (text === undefined) {
    const columns = Object.keys(row)
    text = `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`
    insertions.set(table, text)
  }
  return { text, values: Object.values<Value>(row) }
}

/** A `where` clause of the conditions that are set; empty when none is. */
export function where(...conditions: readonly (Query | undefined)[]): Query {
  const set = conditions.filter((condition) => condition !== undefined)
  return {
    text: set.length === 0 ? "" : `where ${set.map(({ text }) => text).join(" and ")}`,
    values: set.flatMap(({ values }) => values),
  }
}

/** The condition on a filter's value; `undefined` when the filter is not set. */
export const filter = <Filter>(value: Filter | undefined, condition: (value: Filter) => Query): Query | undefined =>
  value === undefined ? undefined : condition(value)

/** Runs queries on one connection. Prepares each text once. */
export class Statements {
  readonly #database: Sqlite.Database
  readonly #prepared = new Map<string, Sqlite.Statement<unknown[]>>()

  constructor(database: Sqlite.Database) {
    this.#database = database
  }

  /** The first row. */
  get<Row>({ text, values }: Query<Row>): Row | undefined {
    return this.#prepare(text).get(...values) as Row | undefined
  }

  all<Row>({ text, values }: Query<Row>): readonly Row[] {
    return this.#prepare(text).all(...values) as Row[]
  }

  /** @returns how many rows were written. */
  run({ text, values }: Query): number {
    return this.#prepare(text).run(...values).changes
  }

  #prepare(text: string): Sqlite.Statement<unknown[]> {
    const known = this.#prepared.get(text)
    if (known !== undefined) return known
    const statement = this.#database.prepare<unknown[]>(text)
    this.#prepared.set(text, statement)
    return statement
  }
}
