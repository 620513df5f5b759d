/**
 * Writes characters that could forge a line or hide in one (control, format, separators, lone surrogates) as `\uXXXX`.
 */
export const escapeInvisible = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escapeUnits)

/** Every UTF-16 code unit of a text as `\uXXXX`. */
export function escapeUnits(text: string): string {
  let escaped = ""
  for (let i = 0; i < text.length; i++) escaped += `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`
  return escaped
}
