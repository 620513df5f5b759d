import { mkdirSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { parseEnv } from "node:util"
import { PrivateFileError, readPrivateFile, writeWhole } from "./private-file.ts"

/** The keys of the config file (CONTRACT 6). `BROKER_URL` is for `awrit`. */
const CONFIG_FILE_KEYS = ["MODE", "ADMIN_SECRET", "BROKER_URL"] as const

/** One of {@link CONFIG_FILE_KEYS}. */
export type ConfigFileKey = (typeof CONFIG_FILE_KEYS)[number]

/** The content of the config file. */
export interface ConfigFile {
  /** The file that was read; absent when there is none or it was refused. */
  readonly path?: string
  readonly values: Readonly<Partial<Record<ConfigFileKey, { readonly text: string; readonly line: number }>>>
  /** Problems that stop the start. They never repeat a value: any line may hold the secret. */
  readonly problems: readonly string[]
}

/** Where {@link readConfigFile} looks. */
export interface ConfigFilePlaces {
  /** `AA_CONFIG_PATH`, when it is set. */
  readonly named?: string | undefined
  /** Default: the user's home. */
  readonly home?: string | undefined
  /** Default: `/etc`. */
  readonly etc?: string | undefined
}

const MAX_CONFIG_FILE_BYTES = 64 * 1024

/**
 * Finds and reads the config file: the first that exists of `AA_CONFIG_PATH`, `/etc/broker/config`, `~/.broker/config`.
 */
export function readConfigFile({ named, home = homeFolder(), etc = "/etc" }: ConfigFilePlaces): ConfigFile {
  const places = [named, join(etc, "broker", "config"), userConfigPath(home)]
  for (const path of places.filter((place) => place !== undefined)) {
    const label = path === named ? `AA_CONFIG_PATH=${JSON.stringify(path)}` : `config file ${path}`
    let bytes: Buffer | undefined
    try {
      bytes = readPrivateFile(path, { maxBytes: MAX_CONFIG_FILE_BYTES, refuseSymlink: true })
    } catch (error) {
      if (!(error instanceof PrivateFileError)) throw error
      return refused(`${label}: the file ${error.message}`)
    }
    if (bytes !== undefined) return parseConfigFile(bytes, path)
    if (path === named) return refused(`${label}: the file does not exist; accepted is the path of a config file`)
  }
  return { values: {}, problems: [] }
}

/** The values that {@link writeConfigFile} writes; an absent key is left out. */
export type ConfigFileContent = Readonly<Partial<Record<ConfigFileKey, string>>>

/**
 * Writes a config file with mode 0600, and creates its folder with mode 0700 if it does not exist.
 * @param replace whether an existing file may be replaced.
 * @returns `false` when the file exists and may not be replaced.
 * @throws TypeError for a value that {@link readConfigFile} would not read back.
 */
export function writeConfigFile(path: string, content: ConfigFileContent, replace: boolean): boolean {
  const lines = Object.entries(content).map(([key, value]) => {
    const line = `${key}=${value}`
    if (/\p{Cc}/u.test(value) || parseEnv(line)[key] !== value)
      throw new TypeError(`the value of ${key} has quotes, a "#", spaces at an end or control characters`)
    return `${line}\n`
  })
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return writeWhole(path, lines.join(""), { mode: 0o600, replace })
}

/** The path of a user's own config file; `undefined` for a user without a home. */
export function userConfigPath(home: string | undefined = homeFolder()): string | undefined {
  return home === undefined ? undefined : join(home, ".broker", "config")
}

const refused = (problem: string): ConfigFile => ({ values: {}, problems: [problem] })

function homeFolder(): string | undefined {
  try {
    return homedir()
  } catch {
    // A user without an entry in the password file, as in some containers, has no home.
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
  // Line by line: on the whole text, parseEnv passes over lines that it does not understand and lets a quote swallow
  // the next ones.
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim()
    if (line === "" || line.startsWith("#")) continue
    const where = `config file ${path}, line ${index + 1}`
    const [name = "", value = ""] = Object.entries(parseEnv(line))[0] ?? []
    const key = CONFIG_FILE_KEYS.find((known) => known === name)
    if (key === undefined) problems.push(`${where}: ${unknownKey(name)}; accepted are ${CONFIG_FILE_KEYS.join(", ")}`)
    else if (values[key] !== undefined) problems.push(`${where}: ${key} is set a second time`)
    // Programs disagree about quotes and "#" in a value, so a secret must have neither.
    else if (value !== line.slice(line.indexOf("=") + 1).trim())
      problems.push(`${where}: the value of ${key} is in quotes or holds a "#"; accepted is a plain value`)
    else values[key] = { text: value, line: index + 1 }
  }
  const url = values.BROKER_URL
  if (url !== undefined && url.text !== "" && !isHttpUrl(url.text))
    problems.push(`config file ${path}, line ${url.line}: BROKER_URL: accepted is an http or https URL`)
  return { path, values, problems }
}

/** A line without its key may be the secret itself, so only what looks like a key is repeated. */
const unknownKey = (name: string): string =>
  /^[A-Z]{1,16}(_[A-Z]{1,16}){0,3}$/.test(name)
    ? `there is no key ${name}`
    : "this is not a KEY=VALUE line with a known key"

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "http:" || url.protocol === "https:")
}
