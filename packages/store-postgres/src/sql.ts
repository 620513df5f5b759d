/** What a parameter may be. */
export type Value = string | number | boolean | Uint8Array | null | readonly (string | number | Uint8Array | null)[]

/** SQL in parts, with a value between each two of them. `Row` is the type of the rows that it returns. */
export interface Query<Row = unknown> {
  readonly strings: readonly string[]
  readonly values: readonly Value[]
  /** Never set: it only carries the type. */
  readonly row?: Row
}

/**
 * Builds a query. An embedded query becomes part of the text; any other value is bound.
 * @example
 * const agentById = (agentId: string) => sql<AgentRow>`select * from agents where agent_id = ${agentId}`
 */
export function sql<Row = unknown>(first: TemplateStringsArray, ...parts: readonly (Value | Query)[]): Query<Row> {
  const strings = [first[0] ?? ""]
  const values: Value[] = []
  const append = (text: string): void => {
    strings[strings.length - 1] += text
  }
  for (const [at, part] of parts.entries()) {
    const after = first[at + 1] ?? ""
    if (isQuery(part)) {
      append(part.strings[0] ?? "")
      strings.push(...part.strings.slice(1))
      values.push(...part.values)
      append(after)
    } else {
      values.push(part)
      strings.push(after)
    }
  }
  return { strings, values }
}

const isQuery = (part: Value | Query): part is Query => part !== null && typeof part === "object" && "strings" in part

/** Text with `$1`, `$2`, … for the values. */
export const textOf = ({ strings }: Query): string =>
  strings.map((string, at) => (at === 0 ? string : `$${at}${string}`)).join("")

/** A `where` clause of the conditions that are set; empty when none is. */
export function where(...conditions: readonly (Query | undefined)[]): Query {
  const set = conditions.filter((condition) => condition !== undefined)
  return set.reduce(
    (clause, condition, at) => (at === 0 ? sql`where ${condition}` : sql`${clause} and ${condition}`),
    sql``,
  )
}

/** The condition on a filter's value; `undefined` when the filter is not set. */
export const filter = <Filter>(value: Filter | undefined, condition: (value: Filter) => Query): Query | undefined =>
  value === undefined ? undefined : condition(value)
