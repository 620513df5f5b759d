const FORM = /^evt-([0-9]{6,16})$/

/**
 * The id of the event at a position: `evt-` and at least six digits (CONTRACT 4).
 * @param sequence 1 for the first event.
 * @throws `TypeError` when it is not a whole number from 1 to 2^53 - 1.
 * @example eventId(1) // "evt-000001"
 */
export function eventId(sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 1)
    throw new TypeError("a sequence number must be a whole number from 1")
  return `evt-${String(sequence).padStart(6, "0")}`
}

/**
 * The position of an event id; `undefined` for anything that {@link eventId} does not write, such as `evt-1` or
 * `evt-0000001`.
 * @example sequenceOf("evt-000001") // 1
 */
export function sequenceOf(id: string): number | undefined {
  const digits = FORM.exec(id)?.[1]
  if (digits === undefined) return undefined
  const sequence = Number(digits)
  return Number.isSafeInteger(sequence) && sequence >= 1 && eventId(sequence) === id ? sequence : undefined
}
