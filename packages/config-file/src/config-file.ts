import { mkdirSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { formatKeyValues, type KeyValues, parseKeyValues } from "./key-values.ts"
import { PrivateFileError, readPrivateFile, writeWhole } from "./private-file.ts"

/** The keys of the config file (CONTRACT 6). `BROKER_URL` is for `awrit`. */
const CONFIG_FILE_KEYS = ["MODE", "ADMIN_SECRET", "BROKER_URL"] as const

/** One of {@link CONFIG_FILE_KEYS}. */
export type ConfigFileKey = (typeof CONFIG_FILE_KEYS)[number]

/** The content of the config file. */
export interface ConfigFile {
  /** The file that was read; absent when there is none or it was refused. */
  readonly path?: string
  readonly values: KeyValues<ConfigFileKey>
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
  const text = formatKeyValues(content)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  return writeWhole(path, text, { mode: 0o600, replace })
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
  const { problems, values } = parseKeyValues(bytes, `config file ${path}`, CONFIG_FILE_KEYS)
  const url = values.BROKER_URL
  if (url === undefined || url.text === "" || isHttpUrl(url.text)) return { path, values, problems }
  const problem = `config file ${path}, line ${url.line}: BROKER_URL: accepted is an http or https URL`
  return { path, values, problems: [...problems, problem] }
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "http:" || url.protocol === "https:")
}
