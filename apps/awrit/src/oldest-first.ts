import { UsageError } from "./errors.ts"
import type { Output } from "./output.ts"

/** The flag for the order of a list. */
export const OLDEST_FLAG = { type: "boolean", description: "Oldest first, in the table" } as const

/** Which part of a list is asked for. */
export interface PageQuery {
  readonly offset?: number | undefined
  readonly limit?: number | undefined
}

/** The same with the defaults. */
interface FullPageQuery {
  readonly offset: number
  readonly limit: number
}

/** A part of a list, and the number of all rows. */
export interface Rows<Row> {
  readonly rows: readonly Row[]
  readonly total: number
}

/** The broker's default. */
const DEFAULT_LIMIT = 100

/**
 * Whether a list that the API gives newest first is to be turned.
 * @throws UsageError for programs, which get the API's answer.
 */
export function isTurned(oldest: boolean, out: Output): boolean {
  if (oldest && out.isForPrograms)
    throw new UsageError("--oldest is for the table: --json and -o yaml keep the API's order")
  return oldest
}

/** A page that is counted from the end of the list, its last row first. */
export async function pageFromEnd<Row>(
  { offset = 0, limit = DEFAULT_LIMIT }: PageQuery,
  fetch: (query: FullPageQuery) => Promise<Rows<Row>>,
): Promise<Rows<Row> & FullPageQuery> {
  const { total } = await fetch({ offset: 0, limit: 1 })
  const end = Math.max(0, total - offset)
  const start = Math.max(0, end - limit)
  const rows: Row[] = []
  // The broker ends a page early where its bytes are limited.
  while (start + rows.length < end) {
    const page = await fetch({ offset: start + rows.length, limit: end - start - rows.length })
    if (page.rows.length === 0) break
    rows.push(...page.rows)
  }
  return { rows: rows.toReversed(), total, offset, limit }
}
