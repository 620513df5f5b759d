import { counted } from "./text.ts"

/** What a page tells of itself. */
export interface PageFields {
  readonly total: number
  readonly offset: number
  readonly limit: number
}

/** Which part of all matches was shown, and how to see the rest. */
export function pageNote(shown: number, { limit, offset, total }: PageFields, thing: string): string {
  const things = `${thing}s`
  if (total === 0) return `No ${things} match.`
  if (shown === 0) return `No more than ${counted(total, thing)} match: --offset ${offset} is past them all.`
  if (shown === total) return counted(total, thing)
  const last = offset + shown
  const rest = last < total ? `; the next: --offset ${last}, the last: --offset ${Math.max(0, total - limit)}` : ""
  return `${things} ${offset + 1} to ${last} of ${total}${rest}`
}
