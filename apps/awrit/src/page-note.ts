import { counted } from "./text.ts"

/** The paging fields of an answer. */
export interface PageFields {
  readonly total: number
  readonly offset: number
  readonly limit: number
}

/** Says which part of all matches is shown, and how to see the rest. */
export function pageNote(shown: number, { limit, offset, total }: PageFields, thing: string): string {
  const things = `${thing}s`
  if (total === 0) return `No ${things} match.`
  if (shown === 0) return `Only ${counted(total, thing)} match: --offset ${offset} is past the end.`
  if (shown === total) return counted(total, thing)
  const last = offset + shown
  const rest = last < total ? `; next: --offset ${last}, last: --offset ${Math.max(0, total - limit)}` : ""
  return `${things} ${offset + 1} to ${last} of ${total}${rest}`
}
