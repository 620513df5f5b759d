import { isIP } from "node:net"
import { isBcryptHash } from "@agentwrit/authority"
import { isTrustDomain } from "@agentwrit/core"
import { closest } from "fastest-levenshtein"
import type { LogFormat, LogLevel } from "../log.ts"
import { parseTrustedProxies } from "./trusted-proxies.ts"

/** `production` refuses what is only handy in development (CONTRACT 6). */
export type Mode = "development" | "production"

/** What the variables say, each by itself; `undefined` where a variable is unset and has no default. */
export interface VariableValues {
  readonly adminSecret: string | undefined
  readonly mode: Mode
  readonly configPath: string | undefined
  readonly bindAddress: string
  readonly port: number
  readonly trustedProxies: readonly string[]
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly trustDomain: string
  readonly issuer: string
  readonly audience: string | undefined
  readonly defaultTtl: number
  readonly maxTtl: number
  readonly appTokenTtl: number
  readonly adminTokenTtl: number
  readonly signingKeyPath: string
  readonly auditKeyPath: string | undefined
  readonly dbPath: string
  readonly declareRestore: string | undefined
  readonly seedTokens: boolean
  readonly tlsMode: "none" | "tls" | "mtls"
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly tlsClientCa: string | undefined
}

/** One variable: how it is called, read, explained. */
export interface Variable<T> {
  readonly name: `AA_${string}`
  /** What it decides, for the operator's guide. */
  readonly summary: string
  /** What it accepts, in words that follow "accepted is". */
  readonly accepted: string
  /** `undefined` when the text is not accepted. It is never empty: an empty variable is unset. */
  readonly parse: (text: string) => Exclude<T, undefined> | undefined
  /** Its value when unset. */
  readonly fallback: T
  /** The default in the operator's words, where that is no fixed value. */
  readonly fallbackText?: string
  /** Never shown in a message. */
  readonly secret?: true
  /** The key of the config file that holds in its stead. */
  readonly fileKey?: "MODE" | "ADMIN_SECRET"
}

/** Seconds; a larger TTL would reach past what clients' clocks count in 32 bits. */
const LONGEST_TTL = 2 ** 31 - 1

type Rule<T> = Pick<Variable<T>, "accepted"> & { readonly parse: (text: string) => T | undefined }

const CONTROL = /\p{Cc}/u

const path = (text: string): string | undefined => (CONTROL.test(text) ? undefined : text)

const filePath: Rule<string> = { accepted: "the path of a file", parse: path }

const claimText: Rule<string> = { accepted: "text without control characters", parse: path }

function oneOf<const T extends string>(...values: readonly T[]): Rule<T> {
  return {
    accepted: `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`,
    parse: (text) => values.find((value) => value === text),
  }
}

function wholeNumber(least: number, most: number): Rule<number> {
  return {
    accepted: `a whole decimal number from ${least} to ${most}`,
    parse(text) {
      // Number() alone would take "0x10", " 5 ", "1e3" and "08".
      if (!/^(0|[1-9]\d{0,15})$/.test(text)) return undefined
      const value = Number(text)
      return value >= least && value <= most ? value : undefined
    },
  }
}

function host(text: string): string | undefined {
  if (isIP(text) !== 0) return text
  const labels = text.split(".")
  const isName = text.length <= 253 && labels.every((label) => /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/.test(label))
  // A name that ends in digits is a mistyped IPv4 address.
  return isName && !/^\d+$/.test(labels.at(-1) ?? "") ? text : undefined
}

function adminSecret(text: string): string | undefined {
  if (CONTROL.test(text)) return undefined
  // What a shell or a compose file left of a hash (each takes `$` for its own) would be a secret that readers of the hash know.
  return /^\$2[a-z]?\$/.test(text) && !isBcryptHash(text) ? undefined : text
}

/** Every variable of the broker (CONTRACT 6), in the order in which they are explained. */
export const VARIABLES: { readonly [K in keyof VariableValues]: Variable<VariableValues[K]> } = {
  adminSecret: {
    name: "AA_ADMIN_SECRET",
    summary: "Secret of the operator: the root of trust. Required.",
    accepted:
      "a secret without control characters, or a whole bcrypt hash ($2a$, $2b$ or $2y$) of one; make one with: openssl rand -hex 32",
    parse: adminSecret,
    fallback: undefined,
    secret: true,
    fileKey: "ADMIN_SECRET",
  },
  mode: {
    name: "AA_MODE",
    summary: "production refuses a short secret and AA_SEED_TOKENS.",
    ...oneOf("development", "production"),
    fallback: "development",
    fallbackText: "MODE of the config file, else development",
    fileKey: "MODE",
  },
  configPath: {
    name: "AA_CONFIG_PATH",
    summary: "Config file that is read instead of /etc/broker/config or ~/.broker/config.",
    ...filePath,
    fallback: undefined,
  },
  bindAddress: {
    name: "AA_BIND_ADDRESS",
    summary: "Address to listen on.",
    accepted: "an IP address (IPv6 without brackets) or a host name, without a port",
    parse: host,
    fallback: "127.0.0.1",
  },
  port: {
    name: "AA_PORT",
    summary: "Port to listen on; 0 takes any free one.",
    ...wholeNumber(0, 65535),
    fallback: 8080,
  },
  trustedProxies: {
    name: "AA_TRUSTED_PROXIES",
    summary: "Proxies whose X-Forwarded-For tells the client's address.",
    accepted: "IP addresses and CIDRs, separated by commas, such as 10.0.0.0/8,::1",
    parse: parseTrustedProxies,
    fallback: [],
    fallbackText: "none",
  },
  logLevel: {
    name: "AA_LOG_LEVEL",
    summary: "How much is logged: quiet errors alone, trace everything.",
    ...oneOf("quiet", "standard", "verbose", "trace"),
    fallback: "verbose",
  },
  logFormat: {
    name: "AA_LOG_FORMAT",
    summary: "Log lines for people, or one JSON object a line.",
    ...oneOf("text", "json"),
    fallback: "text",
  },
  trustDomain: {
    name: "AA_TRUST_DOMAIN",
    summary: "SPIFFE trust domain: the host part of every agent id.",
    accepted: "a SPIFFE trust domain: 1 to 255 lower-case letters, digits, '.', '-' and '_'",
    parse: (text) => (isTrustDomain(text) ? text : undefined),
    fallback: "agentwrit.local",
  },
  issuer: {
    name: "AA_ISSUER",
    summary: "Claim iss of every token, and then required of every token.",
    ...claimText,
    fallback: "",
    fallbackText: "empty: not checked",
  },
  audience: {
    name: "AA_AUDIENCE",
    summary: "Claim aud of every token, and then required of every token.",
    ...claimText,
    fallback: undefined,
    fallbackText: "empty: neither written nor checked",
  },
  defaultTtl: {
    name: "AA_DEFAULT_TTL",
    summary: "Seconds that an agent's token lasts when its launch token says nothing else.",
    ...wholeNumber(1, LONGEST_TTL),
    fallback: 300,
  },
  maxTtl: {
    name: "AA_MAX_TTL",
    summary: "Seconds that no token outlasts; 0 lifts the ceiling.",
    ...wholeNumber(0, LONGEST_TTL),
    fallback: 86400,
  },
  appTokenTtl: {
    name: "AA_APP_TOKEN_TTL",
    summary: "Seconds that an app's token lasts.",
    ...wholeNumber(60, 86400),
    fallback: 1800,
  },
  adminTokenTtl: {
    name: "AA_ADMIN_TOKEN_TTL",
    summary: "Seconds that the operator's token lasts.",
    ...wholeNumber(60, 86400),
    fallback: 300,
  },
  signingKeyPath: {
    name: "AA_SIGNING_KEY_PATH",
    summary: "Ed25519 key that signs tokens (PKCS#8 PEM, 0600); made when there is none.",
    ...filePath,
    fallback: "./signing.key",
  },
  auditKeyPath: {
    name: "AA_AUDIT_KEY_PATH",
    summary: "Ed25519 key that signs the audit trail's checkpoints; made with a new trail.",
    ...filePath,
    fallback: undefined,
    fallbackText: "audit.key beside the signing key",
  },
  dbPath: {
    name: "AA_DB_PATH",
    summary: "SQLite database; made when there is none.",
    accepted: "the path of a file; a database in memory would lose what it confirmed",
    // SQLite takes these two for something else than a file's name.
    parse: (text) => (/^(:memory:|file:)/i.test(text) ? undefined : path(text)),
    fallback: "./data.db",
  },
  declareRestore: {
    name: "AA_DECLARE_RESTORE",
    summary: "Declares that the database was put back to an older copy. Each name counts once.",
    accepted: "a name for this restore, such as the date: 1 to 64 letters, digits, '.', '-' and '_'",
    parse: (text) => (/^[\w.-]{1,64}$/.test(text) ? text : undefined),
    fallback: undefined,
    fallbackText: "none",
  },
  seedTokens: {
    name: "AA_SEED_TOKENS",
    summary: "Print a launch token and an admin token at start. For development only.",
    accepted: "true, false, 1 or 0",
    parse: (text) => (/^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : undefined),
    fallback: false,
  },
  tlsMode: {
    name: "AA_TLS_MODE",
    summary: "none: plain HTTP; tls: HTTPS; mtls: HTTPS for clients with a certificate.",
    ...oneOf("none", "tls", "mtls"),
    fallback: "none",
  },
  tlsCert: {
    name: "AA_TLS_CERT",
    summary: "The broker's certificate, PEM.",
    ...filePath,
    fallback: undefined,
    fallbackText: "none; required with tls and mtls",
  },
  tlsKey: {
    name: "AA_TLS_KEY",
    summary: "The private key of that certificate, PEM.",
    ...filePath,
    fallback: undefined,
    fallbackText: "none; required with tls and mtls",
  },
  tlsClientCa: {
    name: "AA_TLS_CLIENT_CA",
    summary: "Certificates that clients' certificates must come from, PEM.",
    ...filePath,
    fallback: undefined,
    fallbackText: "none; required with mtls",
  },
}

/** The name of the variable that `name` is most likely a slip of: the one that the fewest changed characters lead to. */
export function nearestVariable(name: string): string {
  const names = Object.values(VARIABLES).map((variable) => variable.name)
  return closest(name.toUpperCase().slice(0, 64), names)
}
