import { isIP } from "node:net"
import { isBcryptHash } from "@agentwrit/authority"
import { isTrustDomain } from "@agentwrit/core"
import { closest } from "fastest-levenshtein"
import * as v from "valibot"
import type { RecordedSource } from "../http/client-source.ts"
import { isWebOrigin } from "../http/cors.ts"
import type { LogFormat, LogLevel } from "../log/log.ts"
import type { FeedAccess } from "../routes/revocation-feed.ts"
import { isProxyRange } from "./trusted-proxies.ts"

/** `production` refuses settings that are meant for development (CONTRACT 6). */
export type Mode = "development" | "production"

/** The value of each variable; `undefined` where a variable is unset and has no default. */
export interface VariableValues {
  readonly adminSecret: string | undefined
  readonly mode: Mode
  readonly configPath: string | undefined
  readonly bindAddress: string
  readonly port: number
  readonly trustedProxies: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly publicUrl: string | undefined
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly trustDomain: string
  readonly issuer: string
  readonly audience: string | undefined
  readonly defaultTtl: number
  readonly maxTtl: number
  readonly maxAgentLifetime: number
  readonly appTokenTtl: number
  readonly adminTokenTtl: number
  readonly requireBound: boolean
  readonly feedAccess: FeedAccess
  readonly signingKeyPath: string
  readonly auditKeyPath: string | undefined
  readonly keyEncryptionKey: Buffer | undefined
  readonly keyRotationDays: number
  readonly auditSource: RecordedSource
  readonly dbPath: string
  readonly declareRestore: string | undefined
  readonly seedTokens: boolean
  readonly tlsMode: "none" | "tls" | "mtls"
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly tlsClientCa: string | undefined
  readonly tlsClientCrl: string | undefined
}

/** One variable, declared once: how its text is read, its default and what the operator reads about it. */
export interface Variable<T> {
  readonly name: `AA_${string}`
  /** What it decides, for the operator's guide. */
  readonly summary: string
  /** What it accepts, in words that follow "accepted is". */
  readonly accepted: string
  /** Reads the text. The text is never empty, because an empty variable is unset. */
  readonly schema: v.GenericSchema<string, Exclude<T, undefined>>
  /** Its value when unset. */
  readonly fallback: T
  /** The default in words, where it is not a fixed value. */
  readonly fallbackText?: string
  /** Its value is masked in every message, and may come from the file that {@link fileVariable} names. */
  readonly secret?: true
  /** The key of the config file that is read when the variable is unset. */
  readonly fileKey?: "MODE" | "ADMIN_SECRET"
}

/** The longest TTL in seconds: some clients count in 32 bits. */
const MAX_TTL_SECONDS = 2 ** 31 - 1

type Rule<T> = Pick<Variable<T>, "accepted" | "schema">

const plainText = v.pipe(
  v.string(),
  v.check((text) => !/\p{Cc}/u.test(text)),
)

const filePath: Rule<string> = { accepted: "the path of a file", schema: plainText }

const claimText: Rule<string> = { accepted: "text without control characters", schema: plainText }

function oneOf<const T extends string>(...values: readonly T[]): Rule<T> {
  return {
    accepted: `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`,
    schema: v.pipe(v.string(), v.picklist(values)) as v.GenericSchema<string, T>,
  }
}

/** A decimal number. `Number()` alone would also take "0x10", " 5 ", "1e3" and "08". */
function wholeNumber(least: number, most: number): Rule<number> {
  return {
    accepted: `a whole decimal number from ${least} to ${most}`,
    schema: v.pipe(
      v.string(),
      v.regex(/^(0|[1-9]\d{0,15})$/),
      v.transform(Number),
      v.minValue(least),
      v.maxValue(most),
    ),
  }
}

/** The members of a comma-separated list, without the blanks around them. */
const listOf = (isMember: (member: string) => boolean): v.GenericSchema<string, string[]> =>
  v.pipe(
    v.string(),
    v.transform((text) => text.split(",").map((member) => member.trim())),
    v.array(v.pipe(v.string(), v.check(isMember))),
  )

const encryptionKey = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9+/]{43}=$/),
  v.transform((text) => Buffer.from(text, "base64")),
)

const trueOrFalse: Rule<boolean> = {
  accepted: "true, false, 1 or 0",
  schema: v.pipe(
    v.string(),
    v.regex(/^(true|false|1|0)$/i),
    v.transform((text) => /^(true|1)$/i.test(text)),
  ),
}

function isPublicUrl(text: string): boolean {
  const url = URL.parse(text)
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:"
  return isWeb && url.username === "" && url.password === "" && url.search === "" && url.hash === ""
}

function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true
  const labels = text.split(".")
  const isName = text.length <= 253 && labels.every((label) => /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/.test(label))
  // A name that ends in digits is a mistyped IPv4 address.
  return isName && !/^\d+$/.test(labels.at(-1) ?? "")
}

/**
 * Part of a password hash of `htpasswd`, `crypt`, LDAP or a password library, also with its `$` doubled for a compose
 * file.
 */
const HASH_PART =
  /\$+(?:2[a-z]?|argon2\w*|scrypt|pbkdf2[\w-]*)\$|\$+(?:[1567y]|gy|apr1)\$+[^$]*\$|\{(?:S?SHA|S?MD5|CRYPT|PBKDF2|ARGON2)[\w-]*\}/i

/** Costs that a sign-in can wait for and that slow a guesser down. */
const BCRYPT_COST = /^\$2[aby]\$1[0-5]\$/

/**
 * Quotes, a prefix such as `user:` or a `$` that a shell or compose file changed turn a hash into a secret in clear
 * text, which everyone who reads the hash knows.
 */
const isWholeSecret = (text: string): boolean => !HASH_PART.test(text) || (isBcryptHash(text) && BCRYPT_COST.test(text))

/** Every variable of the broker (CONTRACT 6), in the order of the operator's guide. */
export const VARIABLES: { readonly [K in keyof VariableValues]: Variable<VariableValues[K]> } = {
  adminSecret: {
    name: "AA_ADMIN_SECRET",
    summary: "Secret of the operator: the root of trust. Required.",
    accepted:
      "a secret without control characters, or a whole bcrypt hash ($2a$, $2b$ or $2y$) of cost 10 to 15 and nothing around it; make a secret with: openssl rand -hex 32",
    schema: v.pipe(plainText, v.check(isWholeSecret)),
    fallback: undefined,
    secret: true,
    fileKey: "ADMIN_SECRET",
  },
  mode: {
    name: "AA_MODE",
    summary: "production refuses a weak secret, AA_SEED_TOKENS and key folders that others can write.",
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
    schema: v.pipe(v.string(), v.check(isHost)),
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
    schema: listOf(isProxyRange),
    fallback: [],
    fallbackText: "none",
  },
  corsOrigins: {
    name: "AA_CORS_ORIGINS",
    summary: "Origins of web pages that may call the broker.",
    accepted:
      "exact origins, separated by commas, such as https://app.example,http://localhost:5173: no *, no path, no slash at the end",
    schema: listOf(isWebOrigin),
    fallback: [],
    fallbackText: "none",
  },
  publicUrl: {
    name: "AA_PUBLIC_URL",
    summary: "Where clients reach the broker, behind a proxy: DPoP proofs are made for this URL.",
    accepted: "an http or https URL without user name, query and fragment, such as https://broker.example",
    schema: v.pipe(
      plainText,
      v.check(isPublicUrl),
      v.transform((text) => text.replace(/\/+$/, "")),
    ),
    fallback: undefined,
    fallbackText: "none: tokens are bound to keys only for clients on this machine",
  },
  logLevel: {
    name: "AA_LOG_LEVEL",
    summary: "How much is logged: quiet is errors only, trace is everything.",
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
    schema: v.pipe(
      v.string(),
      v.check((text: string) => isTrustDomain(text)),
    ),
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
    ...wholeNumber(1, MAX_TTL_SECONDS),
    fallback: 300,
  },
  maxTtl: {
    name: "AA_MAX_TTL",
    summary: "Seconds that no token outlasts; 0 lifts the ceiling.",
    ...wholeNumber(0, MAX_TTL_SECONDS),
    fallback: 86400,
  },
  maxAgentLifetime: {
    name: "AA_MAX_AGENT_LIFETIME",
    summary: "Seconds from its registration that no agent outlives, however often it renews; 0 for no limit.",
    ...wholeNumber(0, MAX_TTL_SECONDS),
    fallback: 0,
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
  requireBound: {
    name: "AA_REQUIRE_BOUND",
    summary: "Register only agents whose tokens are bound to their key (DPoP).",
    ...trueOrFalse,
    fallback: false,
  },
  feedAccess: {
    name: "AA_FEED_ACCESS",
    summary: "public: everyone may read the revocation feed; verifier: apps of role verifier or gateway.",
    ...oneOf("public", "verifier"),
    fallback: "public",
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
  keyEncryptionKey: {
    name: "AA_KEY_ENCRYPTION_KEY",
    summary: "Seals the key files. Change it with awrit key reseal.",
    accepted: "32 bytes in base64; make them with: openssl rand -base64 32",
    schema: encryptionKey,
    fallback: undefined,
    fallbackText: "none: key files are not sealed",
    secret: true,
  },
  keyRotationDays: {
    name: "AA_KEY_ROTATION_DAYS",
    summary: "Days after which a signing key is rotated by itself; 0 for by hand.",
    ...wholeNumber(0, 3650),
    fallback: 0,
  },
  auditSource: {
    name: "AA_AUDIT_SOURCE",
    summary: "How much of a client's address the audit trail keeps: all, its network (/24, /48), or nothing.",
    ...oneOf("full", "prefix", "none"),
    fallback: "full",
  },
  dbPath: {
    name: "AA_DB_PATH",
    summary: "SQLite database; made when there is none.",
    accepted: "the path of a file; a database in memory would lose what it confirmed",
    // SQLite does not take these two as the name of a file.
    schema: v.pipe(
      plainText,
      v.check((text) => !/^(:memory:|file:)/i.test(text)),
    ),
    fallback: "./data.db",
  },
  declareRestore: {
    name: "AA_DECLARE_RESTORE",
    summary: "Declares that the database was put back to an older copy. Each name counts once.",
    accepted: "a name for this restore, such as the date: 1 to 64 letters, digits, '.', '-' and '_'",
    schema: v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
    fallback: undefined,
    fallbackText: "none",
  },
  seedTokens: {
    name: "AA_SEED_TOKENS",
    summary: "Print a launch token and an admin token at start. For development only.",
    ...trueOrFalse,
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
  tlsClientCrl: {
    name: "AA_TLS_CLIENT_CRL",
    summary: "Revocation lists of that CA, PEM: the certificates that they name are refused.",
    ...filePath,
    fallback: undefined,
    fallbackText: "none",
  },
}

/** The variable that names a file with a secret's value, such as `AA_ADMIN_SECRET_FILE`. */
export const fileVariable = ({ name, secret }: Pick<Variable<unknown>, "name" | "secret">): string | undefined =>
  secret && `${name}_FILE`

/** The names of all variables, those of secrets' files included. */
export const variableNames = (): string[] =>
  Object.values(VARIABLES).flatMap((variable) => [variable.name, fileVariable(variable) ?? []].flat())

/** The name of the variable that `name` most likely means: the one with the smallest edit distance. */
export const nearestVariable = (name: string): string => closest(name.toUpperCase().slice(0, 64), variableNames())
