import { closeSync, constants, fstatSync, openSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { isBcryptHash } from "@agentwrit/authority"
import { type ConfigFile, readConfigFile } from "@agentwrit/config-file"
import type { IsTrustedProxy } from "../http/client-address.ts"
import { escapeInvisible, type LogContext } from "../log.ts"
import { trustedProxyCheck, trustsEveryone } from "./trusted-proxies.ts"
import { nearestVariable, VARIABLES, type Variable, type VariableValues } from "./variables.ts"

/** How the broker's port is secured; the members are paths of PEM files. */
export type TlsConfig =
  | { readonly mode: "none" }
  | { readonly mode: "tls"; readonly cert: string; readonly key: string }
  | { readonly mode: "mtls"; readonly cert: string; readonly key: string; readonly clientCa: string }

/** Everything that an operator decides (CONTRACT 6). Times are seconds, paths as they were given. */
export interface Config
  extends Omit<
    VariableValues,
    | "adminSecret"
    | "audience"
    | "auditKeyPath"
    | "configPath"
    | "declareRestore"
    | "tlsMode"
    | "tlsCert"
    | "tlsKey"
    | "tlsClientCa"
  > {
  /** In the clear, or a bcrypt hash. */
  readonly adminSecret: string
  /** Absent: neither written nor checked. */
  readonly audience?: string
  readonly auditKeyPath: string
  /** The name of a restore that is declared. */
  readonly declareRestore?: string
  readonly tls: TlsConfig
  /** Whether an address is one of `trustedProxies`. */
  readonly isTrustedProxy: IsTrustedProxy
  /** The config file that was read, if any. */
  readonly configPath?: string
}

/** Something that does not stop the start, but that the operator should read; made for {@link Log.warn}. */
export interface ConfigWarning {
  readonly message: string
  readonly context?: LogContext
}

/** The configuration cannot be used. The message lists everything that is wrong with it, and no secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError"
  readonly code = "invalid_configuration"
  /** One line for each thing that is wrong. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`the configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`)
    this.problems = problems
  }
}

/**
 * Reads the configuration: environment before config file before defaults; an empty value is unset.
 * @param options other places for `~` and `/etc`.
 * @throws {@link ConfigError} that lists every problem at once.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  { home, etc }: { readonly home?: string; readonly etc?: string } = {},
): { readonly config: Config; readonly warnings: readonly ConfigWarning[] } {
  const reading = new Reading(env)
  const named = reading.read("configPath")
  const file: ConfigFile = reading.isRefused("configPath")
    ? { values: {}, problems: [] }
    : readConfigFile({ named, home, etc })
  reading.file = file
  reading.problems.push(...file.problems)
  reading.warnings.push(...unknownVariables(env))

  const values = reading.readAll()
  const adminSecret = checkSecret(reading, values)
  const tls = checkTls(reading, values)
  const auditKeyPath = values.auditKeyPath ?? join(dirname(values.signingKeyPath), "audit.key")
  checkPaths(reading, { ...values, auditKeyPath })
  if (values.seedTokens && values.mode === "production")
    reading.problem("seedTokens", "tokens are never printed in production; leave it unset, or set AA_MODE=development")
  const isTtlKnown = !reading.isRefused("defaultTtl") && !reading.isRefused("maxTtl")
  if (isTtlKnown && values.maxTtl !== 0 && values.defaultTtl > values.maxTtl)
    reading.warnings.push({
      message: "AA_DEFAULT_TTL exceeds AA_MAX_TTL",
      context: [{ default_ttl: values.defaultTtl, max_ttl: values.maxTtl }],
    })
  for (const member of values.trustedProxies.filter(trustsEveryone))
    reading.warnings.push({ message: `AA_TRUSTED_PROXIES holds ${member}: every client can claim any address` })

  if (reading.problems.length > 0 || adminSecret === undefined) throw new ConfigError(reading.problems)
  const {
    audience,
    declareRestore,
    tlsMode: _mode,
    tlsCert: _cert,
    tlsKey: _key,
    tlsClientCa: _clientCa,
    configPath: _path,
    ...rest
  } = values
  const config: Config = Object.freeze({
    ...rest,
    adminSecret,
    auditKeyPath,
    tls: Object.freeze(tls),
    trustedProxies: Object.freeze([...values.trustedProxies]),
    isTrustedProxy: trustedProxyCheck(values.trustedProxies),
    ...(audience !== undefined && { audience }),
    ...(declareRestore !== undefined && { declareRestore }),
    ...(file.path !== undefined && { configPath: file.path }),
  })
  return { config, warnings: reading.warnings }
}

type MutableValues = { -readonly [K in keyof VariableValues]: VariableValues[K] }

/** Reads variables one by one and collects what is wrong with them. */
class Reading {
  readonly problems: string[] = []
  readonly warnings: ConfigWarning[] = []
  file: ConfigFile = { values: {}, problems: [] }
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #refused = new Set<keyof VariableValues>()

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  readAll(): VariableValues {
    const values: Partial<MutableValues> = {}
    for (const key of variableKeys()) this.#readInto(values, key)
    return values as VariableValues
  }

  /** The variable's value, or its default when it is unset or refused. */
  read<K extends keyof VariableValues>(key: K): VariableValues[K] {
    const variable: Variable<VariableValues[K]> = VARIABLES[key]
    const found = this.#find(key)
    if (found === undefined || this.isRefused(key)) return variable.fallback
    const value = variable.parse(found.text)
    if (value !== undefined) return value
    this.problem(key, `accepted is ${variable.accepted}`)
    return variable.fallback
  }

  #readInto<K extends keyof VariableValues>(values: Partial<MutableValues>, key: K): void {
    values[key] = this.read(key)
  }

  isRefused(key: keyof VariableValues): boolean {
    return this.#refused.has(key)
  }

  isSet(key: keyof VariableValues): boolean {
    return this.#find(key) !== undefined
  }

  problem(key: keyof VariableValues, what: string): void {
    this.#refused.add(key)
    this.problems.push(`${this.shown(key)}: ${what}`)
  }

  /** The variable with its value, or where that is a secret, with a mask. */
  shown(key: keyof VariableValues): string {
    const found = this.#find(key)
    if (found === undefined) return `${VARIABLES[key].name} is unset`
    const value = VARIABLES[key].secret ? '"***"' : escapeInvisible(JSON.stringify(shortened(found.text)))
    return `${found.source}=${value}`
  }

  #find(key: keyof VariableValues): { readonly source: string; readonly text: string } | undefined {
    const { name, fileKey } = VARIABLES[key]
    const text = this.#env[name]
    if (text !== undefined && text !== "") return { source: name, text }
    const entry = fileKey === undefined ? undefined : this.file.values[fileKey]
    if (entry === undefined || entry.text === "") return undefined
    return { source: `${name}, from config file ${this.file.path}, line ${entry.line}: ${fileKey}`, text: entry.text }
  }
}

const EXAMPLE_SECRET = "change-me-in-production"

/** Characters that a secret in the clear needs to have in production. */
const SHORTEST_SECRET = 16

/**
 * CONTRACT 6 reads: "so do the secret `change-me-in-production`; in production a secret shorter than 16 characters and
 * `AA_SEED_TOKENS` (in development the first is a warning); ...". Its semicolons part what stops the start, and the bracket
 * stands within the second part. So the example's secret stops it in every mode; a short one in production, with a warning in
 * development; AA_SEED_TOKENS in production alone, without a word in development.
 */
function checkSecret(reading: Reading, { adminSecret, mode }: VariableValues): string | undefined {
  if (reading.isRefused("adminSecret")) return undefined
  if (adminSecret === undefined) {
    // The secret may stand in the config file that could not be read.
    const isFileKnown =
      !reading.isRefused("configPath") && (reading.file.path !== undefined || reading.file.problems.length === 0)
    if (isFileKnown) reading.problem("adminSecret", `it is required; accepted is ${VARIABLES.adminSecret.accepted}`)
    return undefined
  }
  if (adminSecret.trim() === EXAMPLE_SECRET)
    reading.problem(
      "adminSecret",
      "it is the secret of the examples, which everyone knows; make one with: openssl rand -hex 32",
    )
  else if (!isBcryptHash(adminSecret) && [...adminSecret].length < SHORTEST_SECRET) {
    const short = `it is shorter than ${SHORTEST_SECRET} characters; make one with: openssl rand -hex 32`
    if (mode === "production") reading.problem("adminSecret", short)
    else reading.warnings.push({ message: `${reading.shown("adminSecret")}: ${short} (production refuses it)` })
  }
  return adminSecret
}

function checkTls(reading: Reading, { tlsMode, tlsCert, tlsKey, tlsClientCa }: VariableValues): TlsConfig {
  if (reading.isRefused("tlsMode")) return { mode: "none" }
  const needed = { none: [], tls: ["tlsCert", "tlsKey"], mtls: ["tlsCert", "tlsKey", "tlsClientCa"] } as const
  const files: readonly TlsFile[] = needed[tlsMode]
  for (const key of TLS_FILES)
    if (!files.includes(key) && reading.isSet(key))
      reading.warnings.push({ message: `${VARIABLES[key].name} is set, but not used: AA_TLS_MODE is ${tlsMode}` })
  for (const key of files) checkTlsFile(reading, key, tlsMode)
  if (tlsMode === "none" || tlsCert === undefined || tlsKey === undefined) return { mode: "none" }
  if (tlsMode === "tls") return { mode: tlsMode, cert: tlsCert, key: tlsKey }
  return tlsClientCa === undefined
    ? { mode: "none" }
    : { mode: tlsMode, cert: tlsCert, key: tlsKey, clientCa: tlsClientCa }
}

const TLS_FILES = ["tlsCert", "tlsKey", "tlsClientCa"] as const

type TlsFile = (typeof TLS_FILES)[number]

function checkTlsFile(reading: Reading, key: TlsFile, mode: string): void {
  if (reading.isRefused(key)) return
  const path = reading.read(key)
  const accepted = "accepted is the path of a PEM file that the broker can read"
  if (path === undefined) {
    reading.problem(key, `it is required, because AA_TLS_MODE is ${mode}; ${accepted}`)
    return
  }
  const fault = unreadable(path)
  if (fault !== undefined) reading.problem(key, `${fault}; ${accepted}`)
}

/** Why a file cannot be read; `undefined` when it can. */
function unreadable(path: string): string | undefined {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return fstatSync(descriptor).isFile() ? undefined : "it is not a regular file"
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error"
    return code === "ENOENT" || code === "ENOTDIR" ? "the file does not exist" : `the file cannot be opened (${code})`
  }
}

/** Two things in one file: the second would be refused as corrupt, or one key would sign tokens and trail alike. */
function checkPaths(reading: Reading, paths: { readonly [K in PathKey]: string }): void {
  for (const [index, key] of PATHS.entries())
    for (const other of PATHS.slice(0, index))
      if (resolve(paths[key]) === resolve(paths[other]))
        reading.problem(
          key,
          `it is the same file (${escapeInvisible(paths[key])}) as ${VARIABLES[other].name}; accepted is a path of its own`,
        )
}

const PATHS = ["signingKeyPath", "auditKeyPath", "dbPath"] as const

type PathKey = (typeof PATHS)[number]

function unknownVariables(env: Readonly<Record<string, string | undefined>>): ConfigWarning[] {
  const known = new Set<string>(variableKeys().map((key) => VARIABLES[key].name))
  return Object.entries(env)
    .filter(([name, text]) => /^AA_/i.test(name) && !known.has(name) && text !== undefined && text !== "")
    .map(([name]) => ({
      message: `${escapeInvisible(shortened(name))} is no variable of the broker and is ignored; the nearest one is ${nearestVariable(name)}`,
    }))
}

const variableKeys = (): (keyof VariableValues)[] => Object.keys(VARIABLES) as (keyof VariableValues)[]

const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
