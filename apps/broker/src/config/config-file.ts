import { homedir } from "node:os"
import { join } from "node:path"
import { PrivateFileError, readPrivateFile } from "../private-file.ts"

/** The keys of the config file (CONTRACT 6). `BROKER_URL` is for `awrit`. */
const CONFIG_FILE_KEYS = ["MODE", "ADMIN_SECRET", "BROKER_URL"] as const

/** One of {@link CONFIG_FILE_KEYS}. */
export type ConfigFileKey = (typeof CONFIG_FILE_KEYS)[number]

/** What the config file says. */
export interface ConfigFile {
  /** The file that counts; absent when there is none, or the one that counts was refused. */
  readonly path?: string
  readonly values: Readonly<Partial<Record<ConfigFileKey, { readonly text: string; readonly line: number }>>>
  /** What stops the start. Values are never repeated: any line of this file may hold the secret. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** Where to look. */
export interface ConfigFilePlaces {
  /** `AA_CONFIG_PATH`, when it is set. */
  readonly named?: string | undefined
  /** Default: the user's home. */
  readonly home?: string | undefined
  /** Default: `/etc`. */
  readonly etc?: string | undefined
}

const LONGEST_CONFIG_FILE = 64 * 1024

/** Finds and reads the config file: the first that exists of `AA_CONFIG_PATH`, `/etc/broker/config`, `~/.broker/config`. */
export function readConfigFile({ named, home = homeFolder(), etc = "/etc" }: ConfigFilePlaces): ConfigFile {
  const places = [
    ...(named === undefined ? [] : [named]),
    join(etc, "broker", "config"),
    ...(home === undefined ? [] : [join(home, ".broker", "config")]),
  ]
  for (const path of places) {
    const told = path === named ? `AA_CONFIG_PATH=${JSON.stringify(path)}` : `config file ${path}`
    let bytes: Buffer | undefined
    try {
      bytes = readPrivateFile(path, { maxBytes: LONGEST_CONFIG_FILE, refuseSymlink: true })
    } catch (error) {
      if (!(error instanceof PrivateFileError)) throw error
      return refused(`${told}: the file ${error.message}`)
    }
    if (bytes !== undefined) return parseConfigFile(bytes, path)
    if (path === named) return refused(`${told}: the file does not exist; accepted is the path of a config file`)
  }
  return { values: {}, problems: [], warnings: [] }
}

const refused = (problem: string): ConfigFile => ({ values: {}, problems: [problem], warnings: [] })

function homeFolder(): string | undefined {
  try {
    return homedir()
  } catch {
    // A user without an entry in the password file, as containers run them, has no home.
    return undefined
  }
}

function parseConfigFile(bytes: Uint8Array, path: string): ConfigFile {
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return refused(`config file ${path}: it is not UTF-8 text`)
  }
  const values: { [K in ConfigFileKey]?: { text: string; line: number } } = {}
  const problems: string[] = []
  const warnings: string[] = []
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim()
    if (line === "" || line.startsWith("#")) continue
    const where = `config file ${path}, line ${index + 1}`
    const split = line.indexOf("=")
    const written = line.slice(0, Math.max(split, 0)).trim()
    const key = CONFIG_FILE_KEYS.find((known) => known === written)
    if (key === undefined)
      problems.push(`${where}: ${unknownKey(written)}; accepted are ${CONFIG_FILE_KEYS.join(", ")}`)
    else if (values[key] !== undefined) problems.push(`${where}: ${key} is set a second time`)
    else {
      const value = line.slice(split + 1).trim()
      values[key] = { text: value, line: index + 1 }
      if (/^(["']).*\1$/.test(value))
        warnings.push(`${where}: the quotes around the value of ${key} are taken as part of it`)
    }
  }
  const url = values.BROKER_URL
  if (url !== undefined && url.text !== "" && !isHttpUrl(url.text))
    problems.push(`config file ${path}, line ${url.line}: BROKER_URL: accepted is an http or https URL`)
  return { path, values, problems, warnings }
}

/** A line with its key forgotten may be the secret itself; only what reads like a key is repeated. */
const unknownKey = (written: string): string =>
  /^[A-Z]{1,16}(_[A-Z]{1,16}){0,3}$/.test(written)
    ? `there is no key ${written}`
    : "this is no KEY=VALUE line with a known key"

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "http:" || url.protocol === "https:")
}
