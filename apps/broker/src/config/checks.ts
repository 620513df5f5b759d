import { closeSync, constants, fstatSync, openSync } from "node:fs"
import { resolve } from "node:path"
import { isBcryptHash } from "@agentwrit/authority"
import { codeOf } from "@agentwrit/config-file"
import { escapeInvisible } from "../log/escape.ts"
import type { Reading } from "./reading.ts"
import { trustsEveryone } from "./trusted-proxies.ts"
import { VARIABLES, type VariableValues } from "./variables.ts"

// What a variable alone cannot show: these checks read several variables, or the files that they name.

/** How the broker's port is secured; the members are paths of PEM files. */
export type TlsConfig =
  | { readonly mode: "none" }
  | { readonly mode: "tls"; readonly cert: string; readonly key: string }
  | {
      readonly mode: "mtls"
      readonly cert: string
      readonly key: string
      readonly clientCa: string
      /** Client certificates that this list names are refused. */
      readonly clientCrl?: string
    }

/** The secret of the examples, which everyone knows. */
export const EXAMPLE_SECRET = "change-me-in-production"

/** Characters that a secret in clear text needs in production. */
const MIN_SECRET_LENGTH = 16

/**
 * The admin secret (CONTRACT 6). The example's secret stops the start in every mode; a short one only in production.
 */
export function checkSecret(reading: Reading, { adminSecret, mode }: VariableValues): string | undefined {
  if (reading.isRefused("adminSecret")) return undefined
  if (adminSecret === undefined) {
    // The secret may be in the config file that could not be read.
    const isFileKnown =
      !reading.isRefused("configPath") && (reading.file.path !== undefined || reading.file.problems.length === 0)
    if (isFileKnown)
      reading.refuse(
        "adminSecret",
        "it is required: set it, set AA_ADMIN_SECRET_FILE, or let awrit init write a config file; make one with: openssl rand -hex 32",
      )
    return undefined
  }
  if (adminSecret.trim() === EXAMPLE_SECRET)
    reading.refuse(
      "adminSecret",
      "it is the secret of the examples, which everyone knows; make one with: openssl rand -hex 32",
    )
  else if (/^\s*(?:AA_)?ADMIN_SECRET\s*=/.test(adminSecret))
    reading.refuse("adminSecret", "it begins with the name of a variable; accepted is the secret alone")
  else if (mode === "production" && adminSecret.trim() !== adminSecret)
    reading.refuse("adminSecret", "it begins or ends with a blank; make one with: openssl rand -hex 32")
  else if (!isBcryptHash(adminSecret) && [...adminSecret].length < MIN_SECRET_LENGTH) {
    const short = `it is shorter than ${MIN_SECRET_LENGTH} characters; make one with: openssl rand -hex 32`
    if (mode === "production") reading.refuse("adminSecret", short)
    else reading.warnings.push({ message: `${reading.shown("adminSecret")}: ${short} (production refuses it)` })
  }
  return adminSecret
}

const TLS_FILES = ["tlsCert", "tlsKey", "tlsClientCa", "tlsClientCrl"] as const

/** The files that the TLS mode needs. A file that it does not need is a warning. */
export function checkTls(reading: Reading, values: VariableValues): TlsConfig {
  const { tlsMode, tlsCert, tlsKey, tlsClientCa, tlsClientCrl } = values
  if (reading.isRefused("tlsMode")) return { mode: "none" }
  const needed = TLS_FILES.slice(0, { none: 0, tls: 2, mtls: tlsClientCrl === undefined ? 3 : 4 }[tlsMode])
  for (const key of TLS_FILES)
    if (needed.includes(key)) checkTlsFile(reading, key, tlsMode)
    else if (reading.isSet(key))
      reading.warnings.push({ message: `${VARIABLES[key].name} is set, but not used: AA_TLS_MODE is ${tlsMode}` })
  if (tlsMode === "none" || tlsCert === undefined || tlsKey === undefined) return { mode: "none" }
  if (tlsMode === "tls") return { mode: tlsMode, cert: tlsCert, key: tlsKey }
  if (tlsClientCa === undefined) return { mode: "none" }
  const mutual: TlsConfig = { mode: tlsMode, cert: tlsCert, key: tlsKey, clientCa: tlsClientCa }
  return tlsClientCrl === undefined ? mutual : { ...mutual, clientCrl: tlsClientCrl }
}

function checkTlsFile(reading: Reading, key: (typeof TLS_FILES)[number], mode: string): void {
  if (reading.isRefused(key)) return
  const path = reading.read(key)
  const accepted = "accepted is the path of a PEM file that the broker can read"
  const problem = path === undefined ? `it is required, because AA_TLS_MODE is ${mode}` : unreadable(path)
  if (problem !== undefined) reading.refuse(key, `${problem}; ${accepted}`)
}

/** Why a file cannot be read; `undefined` when it can. */
function unreadable(path: string): string | undefined {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait until something writes to it.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return fstatSync(descriptor).isFile() ? undefined : "it is not a regular file"
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const code = codeOf(error)
    return code === "ENOENT" || code === "ENOTDIR" ? "the file does not exist" : `the file cannot be opened (${code})`
  }
}

const PATHS = ["signingKeyPath", "auditKeyPath", "dbPath"] as const

/**
 * Keys and database need a file each: otherwise one key would sign both tokens and trail, or a file would look corrupt.
 */
export function checkPaths(reading: Reading, paths: Readonly<Record<(typeof PATHS)[number], string>>): void {
  for (const [index, key] of PATHS.entries())
    for (const other of PATHS.slice(0, index))
      if (resolve(paths[key]) === resolve(paths[other]))
        reading.refuse(
          key,
          `it is the same file (${escapeInvisible(paths[key])}) as ${VARIABLES[other].name}; accepted is a different path`,
        )
}

/** What is allowed, but probably not meant. */
export function warnOfValues(reading: Reading, values: VariableValues): void {
  const { mode, bindAddress, tlsMode, publicUrl, defaultTtl, maxTtl, trustedProxies } = values
  const isTtlKnown = !reading.isRefused("defaultTtl") && !reading.isRefused("maxTtl")
  if (isTtlKnown && maxTtl !== 0 && defaultTtl > maxTtl)
    reading.warnings.push({
      message: "AA_DEFAULT_TTL exceeds AA_MAX_TTL",
      context: [{ default_ttl: defaultTtl, max_ttl: maxTtl }],
    })
  const isBehindTls = tlsMode !== "none" || publicUrl?.startsWith("https:") === true
  if (mode === "production" && !isBehindTls && !isLoopback(bindAddress))
    reading.warnings.push({
      message: `AA_BIND_ADDRESS is ${bindAddress} and AA_TLS_MODE is none: secrets and tokens travel in clear text, unless a proxy in front speaks TLS; then set AA_PUBLIC_URL to its https URL`,
    })
  if (mode === "production" && publicUrl === undefined && !reading.isRefused("publicUrl")) {
    const effect = values.requireBound
      ? "only agents on this machine can register, because AA_REQUIRE_BOUND refuses tokens that are not bound to a key"
      : "only tokens of agents on this machine are bound to their keys, and any other that is stolen works for anyone"
    const message = `AA_PUBLIC_URL is not set: ${effect}; set it to the URL under which clients know the broker`
    reading.warnings.push({ message })
  }
  for (const range of trustedProxies.filter(trustsEveryone))
    reading.warnings.push({ message: `AA_TRUSTED_PROXIES holds ${range}: every client can claim any address` })
}

const isLoopback = (address: string): boolean =>
  address === "localhost" || address === "::1" || address.startsWith("127.")
