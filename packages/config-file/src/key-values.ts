import { parseEnv } from "node:util"

/** Values by key, each with its line in the file. */
export type KeyValues<K extends string> = Readonly<Partial<Record<K, { readonly text: string; readonly line: number }>>>

/** What {@link parseKeyValues} read. */
export interface ParsedKeyValues<K extends string> {
  readonly values: KeyValues<K>
  /** Problems that refuse the file. They never repeat a value: any line may hold a secret. */
  readonly problems: readonly string[]
}

/**
 * Parses `KEY=VALUE` lines with `#` comments, the form of the config file (CONTRACT 6).
 * @param file names the file in problems.
 */
export function parseKeyValues<const K extends string>(
  bytes: Uint8Array,
  file: string,
  keys: readonly K[],
): ParsedKeyValues<K> {
  const values = {} as { [Key in K]?: { text: string; line: number } }
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return { values, problems: [`${file}: it is not UTF-8 text`] }
  }
  const problems: string[] = []
  // Line by line: on the whole text, parseEnv passes over lines that it does not understand and lets a quote swallow
  // the next ones.
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim()
    if (line === "" || line.startsWith("#")) continue
    const where = `${file}, line ${index + 1}`
    const [name = "", value = ""] = Object.entries(parseEnv(line))[0] ?? []
    const key = keys.find((known) => known === name)
    if (key === undefined) problems.push(`${where}: ${unknownKey(name)}; accepted are ${keys.join(", ")}`)
    else if (values[key] !== undefined) problems.push(`${where}: ${key} is set a second time`)
    // Programs disagree about quotes and "#" in a value, so a secret must have neither.
    else if (value !== line.slice(line.indexOf("=") + 1).trim())
      problems.push(`${where}: the value of ${key} is in quotes or holds a "#"; accepted is a plain value`)
    else values[key] = { text: value, line: index + 1 }
  }
  return { values, problems }
}

/** A line without its key may be the secret itself, so only what looks like a key is repeated. */
const unknownKey = (name: string): string =>
  /^[A-Z]{1,16}(_[A-Z]{1,16}){0,3}$/.test(name)
    ? `there is no key ${name}`
    : "this is not a KEY=VALUE line with a known key"

/**
 * The `KEY=VALUE` lines of a file.
 * @throws TypeError for a value that {@link parseKeyValues} would not read back.
 */
export function formatKeyValues(content: Readonly<Record<string, string>>): string {
  const lines = Object.entries(content).map(([key, value]) => {
    const line = `${key}=${value}`
    if (/\p{Cc}/u.test(value) || parseEnv(line)[key] !== value)
      throw new TypeError(`the value of ${key} has quotes, a "#", spaces at an end or control characters`)
    return `${line}\n`
  })
  return lines.join("")
}
