import { eventId } from "@agentwrit/audit"
import { CoreError, canonicalJson, type JsonObject } from "@agentwrit/core"
import { isSealed } from "./seal.ts"

// How stores say that their tables contradict the trail (CONTRACT 4).

/** The tables and the trail disagree. */
export class TableFault extends Error {}

/** The fault of a record that is not as its event says. */
export const changedRecord = (name: string, event: number): TableFault =>
  new TableFault(`${name} is not as ${eventId(Math.max(1, event))} says`)

/** The fault that a check throws; `undefined`: none. A row that cannot be read was written by someone else. */
export function tableFaultOf(check: () => void): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof TableFault) return `the tables contradict the audit trail: ${error.message}`
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof CoreError)
      return `the tables contradict the audit trail: a row cannot be read (${error.message})`
    throw error
  }
}

/**
 * Requires the row that an event set, in its state or a later one.
 * @param seq sequence number of the event.
 * @throws {@link TableFault}
 */
export function requireRow(
  seq: number,
  kind: string,
  id: unknown,
  row: { readonly event: number | null } | undefined,
): void {
  if (row === undefined) throw new TableFault(`${kind} ${String(id)} was set by ${eventId(seq)}, and is missing`)
  if ((row.event ?? 0) < seq)
    throw new TableFault(`${kind} ${String(id)} was set by ${eventId(seq)}, and the database has an older state of it`)
}

/** Requires the seal of a record. @throws {@link TableFault} */
export function requireSeal(name: string, record: { readonly mac?: Uint8Array }, expected: Uint8Array): void {
  if (!isSealed(record, expected)) throw new TableFault(`${name} is not as the broker wrote it`)
}

/** Whether two rights are equal. Members that are absent and members that are `undefined` are the same. */
export const isSameRight = (one: JsonObject, other: JsonObject): boolean => canonicalJson(one) === canonicalJson(other)
