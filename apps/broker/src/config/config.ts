import { dirname, join } from "node:path"
import { createAdminSecret } from "@agentwrit/authority"
import { type ConfigFile, readConfigFile } from "@agentwrit/config-file"
import type { IsTrustedProxy } from "../http/client-address.ts"
import { escapeInvisible } from "../log/escape.ts"
import { checkPaths, checkSecret, checkTls, EXAMPLE_SECRET, type TlsConfig, warnOfValues } from "./checks.ts"
import { checkKeyFolders } from "./key-folders.ts"
import { type ConfigWarning, Reading, shortened } from "./reading.ts"
import { trustedProxyCheck } from "./trusted-proxies.ts"
import { nearestVariable, type VariableValues, variableNames } from "./variables.ts"

type Refined =
  | "adminSecret"
  | "audience"
  | "auditKeyPath"
  | "configPath"
  | "declareRestore"
  | "keyEncryptionKey"
  | "publicUrl"
type TlsVariable = "tlsMode" | "tlsCert" | "tlsKey" | "tlsClientCa" | "tlsClientCrl"

/** Everything that an operator decides (CONTRACT 6). Times are in seconds, paths as they were given. */
export interface Config extends Omit<VariableValues, Refined | TlsVariable> {
  /** In clear text, or a bcrypt hash. */
  readonly adminSecret: string
  /** Absent: neither written nor checked. */
  readonly audience?: string
  readonly auditKeyPath: string
  /** Absent: what each request says. */
  readonly publicUrl?: string
  /** The name of a declared restore. */
  readonly declareRestore?: string
  /** Seals the key files. Absent: they are not sealed. */
  readonly keyEncryptionKey?: Buffer
  readonly tls: TlsConfig
  /** Whether an address is one of `trustedProxies`. */
  readonly isTrustedProxy: IsTrustedProxy
  /** The config file that was read, if any. */
  readonly configPath?: string
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
 * @param options folders that stand for `~` and `/etc`, for tests.
 * @throws {@link ConfigError} that lists every problem at once.
 */
export function loadConfig(
  env: Readonly<Record<string, string | undefined>>,
  { home, etc }: { readonly home?: string; readonly etc?: string } = {},
): { readonly config: Config; readonly warnings: readonly ConfigWarning[] } {
  const reading = new Reading(env)
  const named = reading.read("configPath")
  const file: ConfigFile = reading.isRefused("configPath") ? reading.file : readConfigFile({ named, home, etc })
  reading.file = file
  reading.problems.push(...file.problems)

  const values = reading.readAll()
  const adminSecret = checkSecret(reading, values)
  const tls = checkTls(reading, values)
  const auditKeyPath = values.auditKeyPath ?? join(dirname(values.signingKeyPath), "audit.key")
  checkPaths(reading, { ...values, auditKeyPath })
  checkKeyFolders(reading, { ...values, auditKeyPath }, values)
  if (values.seedTokens && values.mode === "production")
    reading.refuse("seedTokens", "tokens are never printed in production; leave it unset, or set AA_MODE=development")
  // What is often why a value is refused or unset.
  const hints = [...unknownVariables(env), ...reading.strayParts]
  reading.warnings.unshift(...hints.map((message) => ({ message })))
  warnOfValues(reading, values)

  if (reading.problems.length > 0 || adminSecret === undefined)
    throw new ConfigError([...reading.problems, ...hints, ...variablesOfAwrit(env)])
  const {
    audience,
    declareRestore,
    keyEncryptionKey,
    publicUrl,
    tlsMode: _,
    tlsCert: _c,
    tlsKey: _k,
    tlsClientCa: _a,
    tlsClientCrl: _r,
    configPath: _p,
    ...rest
  } = values
  const config: Config = Object.freeze({
    ...rest,
    adminSecret,
    auditKeyPath,
    tls: Object.freeze(tls),
    trustedProxies: Object.freeze([...values.trustedProxies]),
    corsOrigins: Object.freeze([...values.corsOrigins]),
    isTrustedProxy: trustedProxyCheck(values.trustedProxies),
    ...(audience !== undefined && { audience }),
    ...(declareRestore !== undefined && { declareRestore }),
    ...(keyEncryptionKey !== undefined && { keyEncryptionKey }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(file.path !== undefined && { configPath: file.path }),
  })
  return { config, warnings: reading.warnings }
}

/**
 * Refuses the hash of the examples' secret in production. Apart from {@link loadConfig}, because it takes as long as a
 * sign-in.
 * @throws {@link ConfigError}
 */
export async function refuseExampleHash({ adminSecret, mode }: Config): Promise<void> {
  if (mode !== "production") return
  if ((await createAdminSecret(adminSecret).check(EXAMPLE_SECRET, "start")) === "right")
    throw new ConfigError(['AA_ADMIN_SECRET="***": it is the hash of the secret of the examples, which everyone knows'])
}

/** A variable that begins with AA_ and is none of the broker's is probably mistyped. */
function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(variableNames())
  return Object.entries(env)
    .filter(([name, text]) => /^AA_/i.test(name) && !known.has(name) && text !== undefined && text !== "")
    .map(
      ([name]) =>
        `${escapeInvisible(shortened(name))} is not a variable of the broker and is ignored; the nearest one is ${nearestVariable(name)}`,
    )
}

/** Variables of `awrit` that are set where the broker's own are not. */
const variablesOfAwrit = (env: Readonly<Record<string, string | undefined>>): string[] =>
  variableNames()
    .map((ours) => ({ ours, theirs: ours.replace("AA_", "AACTL_") }))
    .filter(({ ours, theirs }) => env[theirs] && !env[ours])
    .map(({ ours, theirs }) => `${theirs} is a variable of awrit; the broker reads ${ours}`)
