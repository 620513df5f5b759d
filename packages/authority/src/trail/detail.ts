import { hash } from "node:crypto"

/** Bytes of an event's `detail` (CONTRACT 4). */
const MAX_DETAIL_BYTES = 1024

/** Bytes of a list of scopes that is quoted whole. Longer details would not fit two of them. */
const MAX_LIST_BYTES = 256

/** A list of scopes for `detail`: a long one is its number, its first members and its SHA-256 (base64url). */
export function scopesText(scopes: readonly string[]): string {
  const text = scopes.join(" ")
  if (Buffer.byteLength(text) <= MAX_LIST_BYTES) return text
  let first = ""
  for (const scope of scopes) {
    if (first.length + scope.length >= MAX_LIST_BYTES) break
    first += `${scope} `
  }
  return `${scopes.length} scopes (${first}…; SHA-256 ${hash("sha256", text, "base64url")})`
}

/** The text within the limit of `detail`, cut between two characters. */
export function boundedDetail(text: string): string {
  if (text.length * 3 <= MAX_DETAIL_BYTES || Buffer.byteLength(text) <= MAX_DETAIL_BYTES) return text
  const cut = Buffer.from(text).subarray(0, MAX_DETAIL_BYTES - Buffer.byteLength("…") + 1)
  // The last character may be cut. Its bytes, and the one byte too many, are dropped.
  let end = cut.length - 1
  while (end > 0 && ((cut[end] ?? 0) & 0xc0) === 0x80) end--
  return `${cut.subarray(0, end).toString()}…`
}
