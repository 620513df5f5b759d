/**
 * Checks an identifier or a secret, and names what a shell, a file or a copy added to it.
 * @throws `TypeError`, which never shows the value.
 */
export function requireText(name: string, value: unknown): void {
  if (typeof value !== "string" || value === "") throw new TypeError(`${name} must be a text that is not empty`)
  const stray = strayIn(value)
  if (stray !== undefined) throw new TypeError(`${name} has ${stray}: give the value alone`)
}

/** What belongs to no identifier and no secret of the broker. */
function strayIn(value: string): string | undefined {
  if (/[\r\n]/.test(value)) return "a line break"
  if (value !== value.trim()) return "a blank at an end"
  return /^["'`]|["'`]$/.test(value) ? "quotes around it" : undefined
}
