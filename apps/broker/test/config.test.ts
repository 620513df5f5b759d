import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Config, ConfigError, loadConfig } from "../src/config/config.ts"
import { VARIABLES } from "../src/config/variables.ts"

const SECRET = "a-secret-of-more-than-16"
/** Without it, production warns. */
const PUBLIC_URL = "https://broker.example"
const HASH = `$2b$10$${"a".repeat(53)}`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentwrit-config-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Loads with a secret, and only with config files in the test's folder. */
const load = (env: Record<string, string | undefined> = {}) =>
  loadConfig({ AA_ADMIN_SECRET: SECRET, ...env }, { home: join(folder, "home"), etc: join(folder, "etc") })

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    load(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.code).toBe("invalid_configuration")
    for (const problem of error.problems) expect(error.message).toContain(problem)
    return error.problems
  }
  return []
}

const warningsOf = (env: Record<string, string | undefined>): string[] =>
  load(env).warnings.map(({ message }) => message)

describe("defaults", () => {
  it("are those of the guide and CONTRACT 6", () => {
    const { isTrustedProxy, ...config } = load().config
    expect(config).toEqual({
      adminSecret: SECRET,
      mode: "development",
      bindAddress: "127.0.0.1",
      port: 8080,
      trustedProxies: [],
      corsOrigins: [],
      logLevel: "verbose",
      logFormat: "text",
      trustDomain: "agentwrit.local",
      issuer: "",
      defaultTtl: 300,
      maxTtl: 86400,
      appTokenTtl: 1800,
      adminTokenTtl: 300,
      requireBound: false,
      feedAccess: "public",
      maxAgentLifetime: 0,
      keyRotationDays: 0,
      signingKeyPath: "./signing.key",
      auditKeyPath: "audit.key",
      auditSource: "full",
      dbPath: "./data.db",
      seedTokens: false,
      tls: { mode: "none" },
    })
    expect(isTrustedProxy("127.0.0.1")).toBe(false)
    expect(load().warnings).toEqual([])
  })

  it("apply to every variable that is empty", () => {
    const empty = Object.fromEntries(Object.values(VARIABLES).map(({ name }) => [name, ""]))
    const { isTrustedProxy: _, ...config } = load({ ...empty, AA_ADMIN_SECRET: SECRET }).config
    const { isTrustedProxy: __, ...defaults } = load().config
    expect(config).toEqual(defaults)
  })

  it("cannot be changed afterwards", () => {
    expect(Object.isFrozen(load().config)).toBe(true)
    expect(Object.isFrozen(load().config.tls)).toBe(true)
    expect(Object.isFrozen(load().config.trustedProxies)).toBe(true)
    expect(Object.isFrozen(load().config.corsOrigins)).toBe(true)
  })
})

describe("good values", () => {
  it.each<[string, string, Partial<Config>]>([
    ["AA_PORT", "0", { port: 0 }],
    ["AA_PORT", "65535", { port: 65535 }],
    ["AA_BIND_ADDRESS", "0.0.0.0", { bindAddress: "0.0.0.0" }],
    ["AA_BIND_ADDRESS", "::1", { bindAddress: "::1" }],
    ["AA_BIND_ADDRESS", "broker-1.internal", { bindAddress: "broker-1.internal" }],
    ["AA_LOG_LEVEL", "quiet", { logLevel: "quiet" }],
    ["AA_LOG_LEVEL", "trace", { logLevel: "trace" }],
    ["AA_LOG_FORMAT", "json", { logFormat: "json" }],
    ["AA_TRUST_DOMAIN", "example.org", { trustDomain: "example.org" }],
    ["AA_ISSUER", "https://broker.example", { issuer: "https://broker.example" }],
    ["AA_AUDIENCE", "orders", { audience: "orders" }],
    ["AA_DEFAULT_TTL", "1", { defaultTtl: 1 }],
    ["AA_MAX_TTL", "0", { maxTtl: 0 }],
    ["AA_MAX_AGENT_LIFETIME", "86400", { maxAgentLifetime: 86_400 }],
    ["AA_KEY_ROTATION_DAYS", "90", { keyRotationDays: 90 }],
    ["AA_KEY_ENCRYPTION_KEY", `${"A".repeat(43)}=`, { keyEncryptionKey: Buffer.alloc(32) }],
    ["AA_APP_TOKEN_TTL", "60", { appTokenTtl: 60 }],
    ["AA_APP_TOKEN_TTL", "86400", { appTokenTtl: 86400 }],
    ["AA_ADMIN_TOKEN_TTL", "60", { adminTokenTtl: 60 }],
    ["AA_REQUIRE_BOUND", "true", { requireBound: true }],
    ["AA_FEED_ACCESS", "verifier", { feedAccess: "verifier" }],
    ["AA_PUBLIC_URL", "https://broker.example/aw/", { publicUrl: "https://broker.example/aw" }],
    ["AA_SIGNING_KEY_PATH", "/keys/s.key", { signingKeyPath: "/keys/s.key", auditKeyPath: "/keys/audit.key" }],
    ["AA_AUDIT_KEY_PATH", "/keys/a.key", { auditKeyPath: "/keys/a.key" }],
    ["AA_AUDIT_SOURCE", "prefix", { auditSource: "prefix" }],
    ["AA_DB_PATH", "/data/data.db", { dbPath: "/data/data.db" }],
    ["AA_DECLARE_RESTORE", "2026-11-25", { declareRestore: "2026-11-25" }],
    ["AA_SEED_TOKENS", "true", { seedTokens: true }],
    ["AA_SEED_TOKENS", "1", { seedTokens: true }],
    ["AA_SEED_TOKENS", "false", { seedTokens: false }],
    ["AA_MODE", "production", { mode: "production" }],
    ["AA_TRUSTED_PROXIES", "10.0.0.0/8, ::1 ,fd00::/8", { trustedProxies: ["10.0.0.0/8", "::1", "fd00::/8"] }],
    ["AA_CORS_ORIGINS", "https://app.example", { corsOrigins: ["https://app.example"] }],
    [
      "AA_CORS_ORIGINS",
      "https://app.example:8443, http://localhost:5173",
      { corsOrigins: ["https://app.example:8443", "http://localhost:5173"] },
    ],
    ["AA_ADMIN_SECRET", HASH, { adminSecret: HASH }],
  ])("%s=%s", (name, value, expected) => {
    expect(load({ [name]: value }).config).toMatchObject(expected)
    expect(load({ AA_PUBLIC_URL: PUBLIC_URL, [name]: value }).warnings).toEqual([])
  })

  it("recognises trusted proxies", () => {
    expect(load({ AA_TRUSTED_PROXIES: "10.0.0.0/8" }).config.isTrustedProxy("10.1.1.1")).toBe(true)
  })
})

describe("bad values", () => {
  it.each([
    ["AA_PORT", "eighty"],
    ["AA_PORT", "-1"],
    ["AA_PORT", "65536"],
    ["AA_PORT", "0x50"],
    ["AA_PORT", "1e3"],
    ["AA_PORT", " 80"],
    ["AA_PORT", "080"],
    ["AA_PORT", "80.0"],
    ["AA_PORT", ":8080"],
    ["AA_BIND_ADDRESS", "127.0.0.1:8080"],
    ["AA_BIND_ADDRESS", "[::1]"],
    ["AA_BIND_ADDRESS", "256.0.0.1"],
    ["AA_BIND_ADDRESS", "a b"],
    ["AA_LOG_LEVEL", "debug"],
    ["AA_LOG_LEVEL", "QUIET"],
    ["AA_LOG_FORMAT", "xml"],
    ["AA_TRUST_DOMAIN", "Example.org"],
    ["AA_TRUST_DOMAIN", "example.org/x"],
    ["AA_ISSUER", "a\nb"],
    ["AA_AUDIENCE", "a\u0000b"],
    ["AA_DEFAULT_TTL", "0"],
    ["AA_DEFAULT_TTL", "-5"],
    ["AA_DEFAULT_TTL", "5m"],
    ["AA_DEFAULT_TTL", "2147483648"],
    ["AA_MAX_TTL", "-1"],
    ["AA_MAX_TTL", "99999999999999999999"],
    ["AA_APP_TOKEN_TTL", "59"],
    ["AA_APP_TOKEN_TTL", "86401"],
    ["AA_ADMIN_TOKEN_TTL", "59"],
    ["AA_REQUIRE_BOUND", "yes"],
    ["AA_FEED_ACCESS", "private"],
    ["AA_PUBLIC_URL", "broker.example"],
    ["AA_PUBLIC_URL", "ftp://broker.example"],
    ["AA_PUBLIC_URL", "https://broker.example/?q"],
    ["AA_ADMIN_TOKEN_TTL", "86401"],
    ["AA_SIGNING_KEY_PATH", "a\nb"],
    ["AA_DECLARE_RESTORE", "a b"],
    ["AA_DECLARE_RESTORE", "../x"],
    ["AA_DECLARE_RESTORE", "x".repeat(65)],
    ["AA_DB_PATH", ":memory:"],
    ["AA_DB_PATH", "file:x?mode=memory"],
    ["AA_SEED_TOKENS", "yes"],
    ["AA_MODE", "prod"],
    ["AA_MODE", "Production"],
    ["AA_TRUSTED_PROXIES", "10.0.0.0/33"],
    ["AA_TRUSTED_PROXIES", "10.0.0.1,"],
    ["AA_CORS_ORIGINS", "*"],
    ["AA_CORS_ORIGINS", "null"],
    ["AA_CORS_ORIGINS", "app.example"],
    ["AA_CORS_ORIGINS", "https://app.example/"],
    ["AA_CORS_ORIGINS", "https://app.example/x"],
    ["AA_CORS_ORIGINS", "https://*.example"],
    ["AA_CORS_ORIGINS", "https://App.example"],
    ["AA_CORS_ORIGINS", "https://app.example:443"],
    ["AA_CORS_ORIGINS", "https://user@app.example"],
    ["AA_CORS_ORIGINS", "file:///app"],
    ["AA_CORS_ORIGINS", "https://app.example,"],
    ["AA_CORS_ORIGINS", "https://a.example https://b.example"],
    ["AA_TLS_MODE", "on"],
  ])("%s=%j stops the start", (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${name}=".*": (it [a-z ]+; )?accepted is .`))
  })

  it("are all listed in one message, each with its value and what is accepted", () => {
    const problems = problemsOf({
      AA_PORT: "eighty",
      AA_LOG_LEVEL: "loud",
      AA_MODE: "prod",
      AA_TLS_MODE: "mtls",
      AA_ADMIN_SECRET: "change-me-in-production",
    })
    expect(problems).toEqual([
      'AA_MODE="prod": accepted is development or production',
      'AA_PORT="eighty": accepted is a whole decimal number from 0 to 65535',
      'AA_LOG_LEVEL="loud": accepted is quiet, standard, verbose or trace',
      'AA_ADMIN_SECRET="***": it is the secret of the examples, which everyone knows; make one with: openssl rand -hex 32',
      ...["AA_TLS_CERT", "AA_TLS_KEY", "AA_TLS_CLIENT_CA"].map(
        (name) =>
          `${name} is unset: it is required, because AA_TLS_MODE is mtls; accepted is the path of a PEM file that the broker can read`,
      ),
    ])
  })

  it("cannot forge lines or flood the message", () => {
    const [problem] = problemsOf({ AA_LOG_LEVEL: `x\n  - AA_MODE\u001b[2J\u202e\u0085${"y".repeat(5000)}` })
    expect(problem).not.toMatch(/[\p{C}]/u)
    expect(problem?.length).toBeLessThan(400)
  })
})

describe("the admin secret", () => {
  const EXAMPLE = "change-me-in-production"

  // CONTRACT 6, read by its grammar: see checkSecret.
  it.each([
    ["unset", undefined, "development", "stops"],
    ["unset", undefined, "production", "stops"],
    ["empty", "", "development", "stops"],
    ["the example's", EXAMPLE, "development", "stops"],
    ["the example's", EXAMPLE, "production", "stops"],
    ["the example's with a blank", ` ${EXAMPLE} `, "development", "stops"],
    ["15 characters", "x".repeat(15), "production", "stops"],
    ["15 characters", "x".repeat(15), "development", "warns"],
    ["15 characters of two code units", "😀".repeat(15), "production", "stops"],
    ["16 characters", "x".repeat(16), "production", "passes"],
    ["16 characters", "x".repeat(16), "development", "passes"],
    ["a bcrypt hash", HASH, "production", "passes"],
    ["what is left of a hash", HASH.slice(0, 40), "development", "stops"],
    ["a hash that lost its cost to a shell", `$2b$${"a".repeat(53)}`, "development", "stops"],
    ["two lines", "a-secret-of-more-than-16\n", "development", "stops"],
    ["a hash of cost 4", HASH.replace("$10$", "$04$"), "development", "stops"],
    ["a hash of cost 9", HASH.replace("$10$", "$09$"), "development", "stops"],
    ["a hash of cost 15", HASH.replace("$10$", "$15$"), "production", "passes"],
    ["a hash of cost 16", HASH.replace("$10$", "$16$"), "development", "stops"],
    ["a hash in quotes", `"${HASH}"`, "development", "stops"],
    ["a hash for a compose file", HASH.replaceAll("$", "$$$$"), "development", "stops"],
    ["a hash behind a byte order mark", `\ufeff${HASH}`, "development", "stops"],
    ["a hash behind a blank", ` ${HASH}`, "development", "stops"],
    ["a line of htpasswd", `admin:${HASH}`, "development", "stops"],
    ["a hash of argon2", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g", "development", "stops"],
    ["a hash of scrypt", "$scrypt$ln=16,r=8,p=1$c2FsdA$aGFzaA", "development", "stops"],
    ["a hash of pbkdf2", "$pbkdf2-sha256$29000$c2FsdA$aGFzaA", "development", "stops"],
    ["a hash of crypt", "$6$rounds=5000$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMH", "development", "stops"],
    ["a hash of LDAP", "{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "development", "stops"],
    ["a secret with dollars", "pay-$20-or-$6-a-day-{now}", "production", "passes"],
    ["blanks", " ".repeat(20), "production", "stops"],
    ["a blank at the end", "a-secret-of-more-than-16 ", "production", "stops"],
  ])("%s (%j) in %s: %s", (_, secret, mode, expected) => {
    const env = { AA_ADMIN_SECRET: secret, AA_MODE: mode, AA_PUBLIC_URL: PUBLIC_URL }
    const problems = problemsOf(env)
    const warnings = problems.length > 0 ? [] : warningsOf(env)
    expect(problems.length > 0 ? "stops" : warnings.length > 0 ? "warns" : "passes").toBe(expected)
    for (const text of [...problems, ...warnings]) {
      expect(text).toContain("AA_ADMIN_SECRET")
      if (secret) expect(text).not.toContain(secret)
    }
  })

  it("is masked", () => {
    expect(problemsOf({ AA_ADMIN_SECRET: "short-secret", AA_MODE: "production" })).toEqual([
      'AA_ADMIN_SECRET="***": it is shorter than 16 characters; make one with: openssl rand -hex 32',
    ])
  })
})

describe("the file of a secret", () => {
  const lay = (content: string | Uint8Array, bits = 0o400): string => {
    const path = join(folder, "secret")
    writeFileSync(path, content)
    chmodSync(path, bits)
    return path
  }
  const from = (path: string, more: Record<string, string> = {}) => ({
    AA_ADMIN_SECRET: undefined,
    AA_ADMIN_SECRET_FILE: path,
    ...more,
  })

  it.each([
    ["without a line break", SECRET],
    ["with a line break", `${SECRET}\n`],
    ["with a line break of Windows", `${SECRET}\r\n`],
  ])("is read %s", (_, content) => {
    expect(load(from(lay(content))).config.adminSecret).toBe(SECRET)
  })

  // Swarm and Kubernetes: 0444 and 0440, by symbolic links. systemd: 0440.
  it.each([0o400, 0o440, 0o444, 0o644])("may have mode %o, and be a link", (bits) => {
    symlinkSync(lay(`${HASH}\n`, bits), join(folder, "link"))
    const { config, warnings } = load(from(join(folder, "link"), { AA_MODE: "production", AA_PUBLIC_URL: PUBLIC_URL }))
    expect([config.adminSecret, warnings]).toEqual([HASH, []])
  })

  it.each<[string, () => string, string]>([
    ["is missing", () => join(folder, "none"), "the file does not exist"],
    ["is a folder", () => folder, "the file is not a regular file"],
    ["is empty", () => lay(""), "the file is empty"],
    ["is a line break", () => lay("\n"), "the file is empty"],
    ["is huge", () => lay("x".repeat(16_385)), "the file is larger than 16384 bytes"],
    ["is not text", () => lay(new Uint8Array([0xff, 0xfe])), "the file is not UTF-8 text"],
    ["can be written by others", () => lay(SECRET, 0o622), "the file can be written by group or others (mode 0622)"],
  ])("that %s stops the start, and is named", (_, prepare, fault) => {
    const path = prepare()
    const [problem, ...more] = problemsOf(from(path))
    expect(problem).toContain(`AA_ADMIN_SECRET_FILE=${JSON.stringify(path)}: ${fault}`)
    expect(problem).toMatch(/accepted is the path of a file that holds the secret alone$/)
    expect(more).toEqual([])
  })

  it.each([
    ["two line breaks", `${SECRET}\n\n`, "it ends with a line break; accepted is a secret without control characters"],
    ["a hash in quotes", `'${HASH}'`, "it is in quotes; accepted is a secret"],
    ["a hash behind a byte order mark", `\ufeff${HASH}`, "it begins with a byte order mark; accepted is a secret"],
    ["the secret of the examples", "change-me-in-production\n", "it is the secret of the examples"],
    ["a short secret", "hunter2", "it is shorter than 16 characters"],
    ["a line of an environment file", `AA_ADMIN_SECRET=${SECRET}\n`, "it begins with the name of a variable"],
    ["a blank", `${SECRET} \n`, "it begins or ends with a blank"],
  ])("is held to the rules of the variable: %s", (_, content, fault) => {
    const [problem, ...more] = problemsOf(from(lay(content), { AA_MODE: "production" }))
    expect(problem).toContain(`AA_ADMIN_SECRET_FILE=${JSON.stringify(join(folder, "secret"))}: ${fault}`)
    expect(problem).not.toContain(content.trim())
    expect(more).toEqual([])
  })

  it("beside the variable is refused", () => {
    expect(problemsOf({ AA_ADMIN_SECRET: SECRET, AA_ADMIN_SECRET_FILE: lay(SECRET) })).toEqual([
      'AA_ADMIN_SECRET="***": AA_ADMIN_SECRET_FILE is set too; accepted is one of the two',
    ])
  })

  it("beats the config file", () => {
    mkdirSync(join(folder, "etc", "broker"), { recursive: true })
    writeFileSync(join(folder, "etc", "broker", "config"), "ADMIN_SECRET=from-the-config-file\n", { mode: 0o600 })
    expect(load(from(lay(SECRET))).config.adminSecret).toBe(SECRET)
  })

  it("is not shown where the secret itself stands in its place", () => {
    expect(problemsOf(from(SECRET))).toEqual([expect.stringMatching(/^AA_ADMIN_SECRET_FILE="\*\*\*": .*not exist/)])
  })

  it("is there for secrets alone", () => {
    expect(warningsOf({ AA_PORT_FILE: "/run/port" })).toEqual([expect.stringMatching(/is not a variable/)])
  })
})

describe("a folder of keys", () => {
  const at = (bits: number, mode: string) => {
    const keys = join(folder, "keys")
    mkdirSync(keys)
    chmodSync(keys, bits)
    return { AA_SIGNING_KEY_PATH: join(keys, "signing.key"), AA_MODE: mode, AA_PUBLIC_URL: PUBLIC_URL }
  }

  it("that everyone can write stops production", () => {
    const problems = problemsOf(at(0o777, "production"))
    expect(problems).toHaveLength(2)
    for (const problem of problems) expect(problem).toMatch(/other users can replace files in .* run chmod go-w /)
  })

  it("that everyone can write is a warning in development", () => {
    expect(warningsOf(at(0o777, "development"))).toEqual([
      expect.stringMatching(/^AA_SIGNING_KEY_PATH: other users can replace files in .*production refuses it/),
      expect.stringMatching(/^AA_AUDIT_KEY_PATH: other users can replace files in .*production refuses it/),
    ])
  })

  // /tmp, and a volume of Kubernetes with fsGroup.
  it.each([0o1777, 0o2775, 0o700])("of mode %o passes", (bits) => {
    expect(warningsOf(at(bits, "production"))).toEqual([])
  })

  it.runIf(process.getuid?.() === 0)("of another user is a warning", () => {
    const env = at(0o700, "production")
    chownSync(join(folder, "keys"), 12_345, 0)
    expect(warningsOf(env)).toEqual([
      expect.stringMatching(/^AA_SIGNING_KEY_PATH: .* belongs to user 12345/),
      expect.stringMatching(/^AA_AUDIT_KEY_PATH: .* belongs to user 12345/),
    ])
  })
})

describe("production without TLS", () => {
  const env = { AA_MODE: "production", AA_BIND_ADDRESS: "0.0.0.0", AA_PUBLIC_URL: "http://broker.example" }

  it("is a warning where other machines reach it", () => {
    expect(warningsOf(env)).toEqual([expect.stringMatching(/AA_TLS_MODE is none: secrets and tokens travel in clear/)])
    expect(warningsOf({ ...env, AA_BIND_ADDRESS: "::" })).toHaveLength(1)
  })

  it.each([
    ["on loopback", { AA_BIND_ADDRESS: "127.0.0.1" }],
    ["on loopback of IPv6", { AA_BIND_ADDRESS: "::1" }],
    ["behind a proxy with TLS", { AA_PUBLIC_URL: "https://broker.example" }],
    ["in development", { AA_MODE: "development" }],
  ])("%s gives no warning", (_, more) => {
    expect(warningsOf({ ...env, ...more })).toEqual([])
  })
})

describe("production without a public URL", () => {
  it("warns that only tokens on this machine are bound", () => {
    const env = { AA_MODE: "production" }
    expect(warningsOf(env)).toEqual([expect.stringMatching(/^AA_PUBLIC_URL is not set: only tokens of agents on this/)])
    expect(warningsOf({ ...env, AA_PUBLIC_URL: PUBLIC_URL })).toEqual([])
  })

  it("warns that no other agents register where tokens must be bound", () => {
    const env = { AA_MODE: "production", AA_REQUIRE_BOUND: "true" }
    expect(warningsOf(env)).toEqual([
      expect.stringMatching(/^AA_PUBLIC_URL is not set: only agents on this machine can/),
    ])
  })
})

describe("seed tokens", () => {
  it("stop the start in production", () => {
    expect(problemsOf({ AA_SEED_TOKENS: "true", AA_MODE: "production" })).toEqual([
      expect.stringMatching(/^AA_SEED_TOKENS="true": /),
    ])
  })

  it("are silent in development", () => {
    expect(load({ AA_SEED_TOKENS: "true" }).warnings).toEqual([])
  })
})

describe("AA_DEFAULT_TTL above AA_MAX_TTL", () => {
  it("is the guide's warning", () => {
    expect(load({ AA_DEFAULT_TTL: "600", AA_MAX_TTL: "300" }).warnings).toEqual([
      { message: "AA_DEFAULT_TTL exceeds AA_MAX_TTL", context: [{ default_ttl: 600, max_ttl: 300 }] },
    ])
  })

  it.each([
    ["300", "300"],
    ["600", "0"],
  ])("%s below %s gives no warning", (defaultTtl, maxTtl) => {
    expect(load({ AA_DEFAULT_TTL: defaultTtl, AA_MAX_TTL: maxTtl }).warnings).toEqual([])
  })
})

describe("unknown variables", () => {
  it.each([
    ["AA_ADMIN_SECERT", "AA_ADMIN_SECRET"],
    ["AA_ADMIN_SECRETFILE", "AA_ADMIN_SECRET_FILE"],
    ["AA_DBPATH", "AA_DB_PATH"],
    ["AA_TLS_CLIENTCA", "AA_TLS_CLIENT_CA"],
    ["aa_port", "AA_PORT"],
  ])("%s is told apart from %s", (name, nearest) => {
    const [warning, ...more] = warningsOf({ [name]: "the-value" })
    expect(warning).toContain(`${name} `)
    expect(warning).toMatch(new RegExp(` ${nearest}$`))
    expect(warning).not.toContain("the-value")
    expect(more).toEqual([])
  })

  it("are reported when the start is refused", () => {
    expect(problemsOf({ AA_ADMIN_SECRET: undefined, AA_ADMIN_SECERT: SECRET })).toEqual([
      expect.stringMatching(/^AA_ADMIN_SECRET is unset/),
      expect.stringMatching(/^AA_ADMIN_SECERT is not a variable of the broker.* AA_ADMIN_SECRET$/),
    ])
  })

  it("that hold more than their value are reported, also when the start is refused", () => {
    const env = { AA_ISSUER: '"https://broker.example"', AA_AUDIENCE: "orders ", AA_ADMIN_SECRET: `'${SECRET}'` }
    const stray = [
      `AA_ADMIN_SECRET="***": it is in quotes, as part of the value`,
      `AA_ISSUER="\\"https://broker.example\\"": it is in quotes, as part of the value`,
      `AA_AUDIENCE="orders ": it begins or ends with a blank, as part of the value`,
    ]
    expect(warningsOf(env)).toEqual(stray)
    expect(problemsOf({ ...env, AA_PORT: "x" })).toEqual([expect.stringMatching(/^AA_PORT="x"/), ...stray])
  })

  it("of awrit are reported when the start is refused", () => {
    expect(problemsOf({ AA_ADMIN_SECRET: undefined, AACTL_ADMIN_SECRET: SECRET })).toEqual([
      expect.stringMatching(/^AA_ADMIN_SECRET is unset/),
      "AACTL_ADMIN_SECRET is a variable of awrit; the broker reads AA_ADMIN_SECRET",
    ])
  })

  it.each(["AACTL_BROKER_URL", "HOME", "MY_AA_PORT"])("%s is ignored", (name) => {
    expect(warningsOf({ [name]: "x" })).toEqual([])
  })

  it("that are empty are ignored", () => {
    expect(warningsOf({ AA_PROT: "", AA_POTR: undefined })).toEqual([])
  })
})

describe("trusted proxies", () => {
  it.each(["0.0.0.0/0", "10.0.0.0/8,::/0"])("%s warns that anyone can claim any address", (text) => {
    expect(warningsOf({ AA_TRUSTED_PROXIES: text })).toEqual([expect.stringContaining("every client")])
  })
})

describe("TLS", () => {
  const file = (name: string): string => {
    const path = join(folder, name)
    writeFileSync(path, "pem")
    return path
  }

  it("reads the files of its mode", () => {
    const [cert, key, clientCa] = [file("cert.pem"), file("key.pem"), file("ca.pem")]
    const files = { AA_TLS_CERT: cert, AA_TLS_KEY: key }
    expect(load({ AA_TLS_MODE: "tls", ...files }).config.tls).toEqual({ mode: "tls", cert, key })
    expect(load({ AA_TLS_MODE: "mtls", ...files, AA_TLS_CLIENT_CA: clientCa }).config.tls).toEqual({
      mode: "mtls",
      cert,
      key,
      clientCa,
    })
  })

  it("names each path that is missing or not a file", () => {
    const missing = join(folder, "missing.pem")
    const problems = problemsOf({
      AA_TLS_MODE: "mtls",
      AA_TLS_CERT: missing,
      AA_TLS_KEY: folder,
      AA_TLS_CLIENT_CA: join(file("x"), "y"),
    })
    expect(problems).toEqual([
      expect.stringContaining(`AA_TLS_CERT=${JSON.stringify(missing)}: the file does not exist`),
      expect.stringContaining(`AA_TLS_KEY=${JSON.stringify(folder)}: it is not a regular file`),
      expect.stringMatching(/^AA_TLS_CLIENT_CA=.*: the file does not exist/),
    ])
  })

  it("does not wait for a named pipe", () => {
    const pipe = join(folder, "pipe")
    execFileSync("mkfifo", [pipe])
    expect(problemsOf({ AA_TLS_MODE: "tls", AA_TLS_CERT: pipe, AA_TLS_KEY: file("k") })).toHaveLength(1)
  })

  it("warns of files that its mode does not use", () => {
    const path = file("cert.pem")
    expect(warningsOf({ AA_TLS_CERT: path, AA_TLS_KEY: path })).toHaveLength(2)
    expect(warningsOf({ AA_TLS_MODE: "tls", AA_TLS_CERT: path, AA_TLS_KEY: path, AA_TLS_CLIENT_CA: path })).toEqual([
      "AA_TLS_CLIENT_CA is set, but not used: AA_TLS_MODE is tls",
    ])
  })
})

describe("paths", () => {
  it.each([
    [{ AA_SIGNING_KEY_PATH: "/k/one.key", AA_AUDIT_KEY_PATH: "/k/../k/one.key" }, "AA_AUDIT_KEY_PATH"],
    [{ AA_SIGNING_KEY_PATH: "/k/audit.key" }, "AA_AUDIT_KEY_PATH"],
    [{ AA_SIGNING_KEY_PATH: "/k/one", AA_DB_PATH: "/k/one" }, "AA_DB_PATH"],
  ])("%j: two purposes of one file", (env, name) => {
    expect(problemsOf(env)).toEqual([expect.stringMatching(new RegExp(`^${name}.*same file`))])
  })
})

describe("the config file", () => {
  const write = (path: string, content: string, mode = 0o600): string => {
    mkdirSync(join(path, ".."), { recursive: true })
    writeFileSync(path, content)
    chmodSync(path, mode)
    return path
  }
  const own = (content: string) => write(join(folder, "home", ".broker", "config"), content)

  it("is overridden by the environment, and overrides the defaults", () => {
    const path = own("MODE=production\nADMIN_SECRET=from-the-file-of-the-user\nBROKER_URL=http://localhost:8080\n")
    expect(load({ AA_ADMIN_SECRET: "" }).config).toMatchObject({
      mode: "production",
      adminSecret: "from-the-file-of-the-user",
      configPath: path,
    })
    expect(load({ AA_MODE: "development" }).config).toMatchObject({ mode: "development", adminSecret: SECRET })
  })

  it("is checked like the environment; messages mask its secret and name its line", () => {
    const path = own("# mine\nMODE=staging\nADMIN_SECRET=change-me-in-production\n")
    expect(problemsOf({ AA_ADMIN_SECRET: undefined })).toEqual([
      `AA_MODE, from config file ${path}, line 2: MODE="staging": accepted is development or production`,
      expect.stringContaining(`AA_ADMIN_SECRET, from config file ${path}, line 3: ADMIN_SECRET="***": `),
    ])
  })

  it("with an empty secret counts as without one", () => {
    own("ADMIN_SECRET=\n")
    expect(problemsOf({ AA_ADMIN_SECRET: undefined })).toEqual([expect.stringMatching(/^AA_ADMIN_SECRET is unset: /)])
  })

  it("that cannot be read gives no second message about a missing secret", () => {
    expect(problemsOf({ AA_ADMIN_SECRET: undefined, AA_CONFIG_PATH: join(folder, "none") })).toEqual([
      expect.stringMatching(/^AA_CONFIG_PATH=.*does not exist/),
    ])
  })

  it("with an impossible path is not searched elsewhere", () => {
    own("MODE=production\n")
    expect(problemsOf({ AA_CONFIG_PATH: "a\nb" })).toEqual([expect.stringMatching(/^AA_CONFIG_PATH="a\\nb": accepted/)])
  })
})

describe("the table of variables", () => {
  it("contains every variable of the guide and CONTRACT 6, and AA_DECLARE_RESTORE, once", () => {
    expect(
      Object.values(VARIABLES)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(
      [
        [
          "DECLARE_RESTORE",
          "PUBLIC_URL",
          "REQUIRE_BOUND",
          "FEED_ACCESS",
          "ADMIN_SECRET",
          "PORT",
          "LOG_LEVEL",
          "TRUST_DOMAIN",
          "DEFAULT_TTL",
          "MAX_TTL",
          "BIND_ADDRESS",
        ],
        ["SIGNING_KEY_PATH", "AUDIENCE", "APP_TOKEN_TTL", "SEED_TOKENS", "DB_PATH", "TLS_MODE", "TLS_CERT"],
        [
          "TLS_KEY",
          "TLS_CLIENT_CA",
          "TLS_CLIENT_CRL",
          "ISSUER",
          "ADMIN_TOKEN_TTL",
          "CONFIG_PATH",
          "MODE",
          "AUDIT_KEY_PATH",
          "AUDIT_SOURCE",
        ],
        ["TRUSTED_PROXIES", "CORS_ORIGINS", "LOG_FORMAT", "MAX_AGENT_LIFETIME"],
        ["KEY_ENCRYPTION_KEY", "KEY_ROTATION_DAYS"],
      ]
        .flat()
        .map((name) => `AA_${name}`)
        .sort(),
    )
  })

  it("describes each", () => {
    for (const { summary, accepted } of Object.values(VARIABLES)) {
      expect(summary).not.toBe("")
      expect(accepted).not.toBe("")
    }
  })
})

it("a problem never shows the admin secret that stands in another variable by mistake", () => {
  const problems = problemsOf({
    AA_ADMIN_SECRET: SECRET,
    AA_PORT: SECRET,
    AA_LOG_LEVEL: ` ${SECRET}!`,
    AA_MODE: "prod",
  })
  expect(problems).toHaveLength(3)
  expect(problems.join()).toContain('AA_PORT="***"')
  expect(problems.join()).toContain('AA_MODE="prod"')
  expect(problems.join()).not.toContain(SECRET)
})
