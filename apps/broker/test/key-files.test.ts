import { execFileSync, spawn } from "node:child_process"
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { once } from "node:events"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { KeyFileError, type KeyFileErrorCode, loadAuditKey, loadOrCreateKey } from "../src/key-files.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentwrit-keys-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string): string => join(folder, name)

const mode = (path: string): number => statSync(path).mode & 0o777

function write(name: string, content: string, bits = 0o600): string {
  writeFileSync(at(name), content)
  chmodSync(at(name), bits)
  return at(name)
}

function refusal(run: () => unknown): KeyFileError {
  try {
    run()
  } catch (error) {
    if (error instanceof KeyFileError) return error
    throw error
  }
  throw new Error("nothing was refused")
}

const pkcs8 = (key: ReturnType<typeof generateKeyPairSync>["privateKey"]): string =>
  key.export({ type: "pkcs8", format: "pem" }).toString()

/** RFC 8410, appendix 10.3. */
const RFC_8410_KEY = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
`
/** Its public key, from appendix 10.1. */
const RFC_8410_PUBLIC = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"

describe("loadOrCreateKey", () => {
  it("creates a key as PKCS#8 PEM, readable only by its owner, and leaves no other file", () => {
    const { key, created } = loadOrCreateKey(at("signing.key"))
    expect(created).toBe(true)
    expect(mode(at("signing.key"))).toBe(0o600)
    expect(readdirSync(folder)).toEqual(["signing.key"])
    const pem = readFileSync(at("signing.key"), "utf8")
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n$/)
    // OpenSSL reads the same key.
    const message = Buffer.from("message")
    expect(verify(null, message, createPublicKey(createPrivateKey(pem)), key.sign(message))).toBe(true)
  })

  it("ignores a umask that would open or close the file", () => {
    for (const [name, umask] of [
      ["open", 0],
      ["closed", 0o777],
    ] as const) {
      const before = process.umask(umask)
      try {
        loadOrCreateKey(at(name))
      } finally {
        process.umask(before)
      }
      expect(mode(at(name))).toBe(0o600)
    }
  })

  it("loads the same key again and does not change its file", () => {
    const first = loadOrCreateKey(at("signing.key"))
    const pem = readFileSync(at("signing.key"), "utf8")
    const second = loadOrCreateKey(at("signing.key"))
    expect(second.created).toBe(false)
    expect(second.key.keyId).toBe(first.key.keyId)
    expect(readFileSync(at("signing.key"), "utf8")).toBe(pem)
  })

  it("creates another key for another file", () => {
    expect(loadOrCreateKey(at("a")).key.keyId).not.toBe(loadOrCreateKey(at("b")).key.keyId)
  })

  it("reads the key of RFC 8410", () => {
    const { key, created } = loadOrCreateKey(write("signing.key", RFC_8410_KEY))
    expect(created).toBe(false)
    expect(Buffer.from(key.publicKey).toString("hex")).toBe(RFC_8410_PUBLIC)
  })

  it.each([0o600, 0o400, 0o700])("reads a key of mode %i", (bits) => {
    expect(loadOrCreateKey(write("signing.key", RFC_8410_KEY, bits)).created).toBe(false)
  })

  it("follows a symbolic link, as mounted secrets are", () => {
    write("data", RFC_8410_KEY)
    symlinkSync(at("data"), at("signing.key"))
    expect(loadOrCreateKey(at("signing.key")).created).toBe(false)
  })

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  const ed = generateKeyPairSync("ed25519")
  const encrypted = ed.privateKey
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
    .toString()

  it.each<[string, KeyFileErrorCode, string, number?]>([
    ["an empty file", "key_corrupt", ""],
    ["text", "key_corrupt", "not a key"],
    ["a cut key", "key_corrupt", RFC_8410_KEY.slice(0, 60)],
    ["a key with a broken line", "key_corrupt", RFC_8410_KEY.replace("MC4CAQ", "AAAAAA")],
    ["two keys", "key_corrupt", RFC_8410_KEY + pkcs8(ed.privateKey)],
    ["a public key", "key_corrupt", ed.publicKey.export({ type: "spki", format: "pem" }).toString()],
    ["an encrypted key", "key_corrupt", encrypted],
    ["RSA", "key_wrong_type", pkcs8(rsa)],
    ["RSA in PKCS#1", "key_wrong_type", rsa.export({ type: "pkcs1", format: "pem" }).toString()],
    ["EC", "key_wrong_type", pkcs8(ec)],
    ["EC in SEC1", "key_wrong_type", ec.export({ type: "sec1", format: "pem" }).toString()],
    ["Ed448", "key_wrong_type", pkcs8(generateKeyPairSync("ed448").privateKey)],
    ["X25519", "key_wrong_type", pkcs8(generateKeyPairSync("x25519").privateKey)],
    ["an endless file", "key_unreadable", "x".repeat(16 * 1024 + 1)],
    ["a key that the group reads", "key_exposed", RFC_8410_KEY, 0o640],
    ["a key that all read", "key_exposed", RFC_8410_KEY, 0o604],
    ["a key that the group writes", "key_exposed", RFC_8410_KEY, 0o620],
  ])("refuses %s (%s), and keeps it", (_, code, content, bits) => {
    const path = write("signing.key", content, bits)
    const error = refusal(() => loadOrCreateKey(path))
    expect(error).toMatchObject({ code, path })
    expect(error.message).toContain(path)
    for (const line of content.split("\n").filter((line) => line.length > 30 && !line.startsWith("-----")))
      expect(error.message).not.toContain(line.slice(0, 20))
    expect(readFileSync(path, "utf8")).toBe(content)
    expect(readdirSync(folder)).toEqual(["signing.key"])
  })

  it("refuses a folder and a named pipe", () => {
    mkdirSync(at("folder"), { mode: 0o700 })
    execFileSync("mkfifo", ["-m", "600", at("pipe")])
    for (const name of ["folder", "pipe"])
      expect(refusal(() => loadOrCreateKey(at(name)))).toMatchObject({ code: "key_unreadable" })
  })

  it("says which folder is missing", () => {
    for (const path of [at("none/signing.key"), join(write("file", ""), "signing.key")]) {
      const error = refusal(() => loadOrCreateKey(path))
      expect(error.code).toBe("key_folder_missing")
      expect(error.message).toContain("mkdir")
    }
  })

  it("never replaces anything that has the name already", () => {
    symlinkSync(at("none"), at("signing.key"))
    expect(refusal(() => loadOrCreateKey(at("signing.key")))).toMatchObject({ code: "key_unreadable" })
    expect(readdirSync(folder)).toEqual(["signing.key"])
    expect(existsSync(at("none"))).toBe(false)
  })
})

describe("brokers that start at the same time", () => {
  it("use one key", async () => {
    const source = fileURLToPath(new URL("../src/key-files.ts", import.meta.url))
    const code = `
      import { loadOrCreateKey } from ${JSON.stringify(source)}
      process.stdout.write(".")
      process.stdin.once("data", () => {
        const { key, created } = loadOrCreateKey(${JSON.stringify(at("signing.key"))})
        process.stdout.write(JSON.stringify([key.keyId, created]))
        process.exit()
      })`
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--conditions=@agentwrit/source", "--input-type=module", "--no-warnings", "-e", code], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    )
    await Promise.all(children.map((child) => once(child.stdout, "data")))
    const answers = children.map(async (child) => {
      let text = ""
      for await (const part of child.stdout) text += part
      return JSON.parse(text) as [keyId: string, created: boolean]
    })
    for (const child of children) child.stdin.end("go")
    const loaded = await Promise.all(answers)
    expect(new Set(loaded.map(([keyId]) => keyId))).toEqual(new Set([loadOrCreateKey(at("signing.key")).key.keyId]))
    expect(loaded.filter(([, created]) => created)).toHaveLength(1)
    expect(readdirSync(folder)).toEqual(["signing.key"])
  })
})

describe("loadAuditKey", () => {
  const origin = "agentwrit.local/audit"
  const load = (name = "audit.key", trailExists = false) => loadAuditKey({ path: at(name), origin, trailExists })

  it("creates a key for an empty trail, and writes its C2SP verifier key beside it", () => {
    const { key, created, verifierKey, verifierKeyPath } = load()
    expect(created).toBe(true)
    expect(verifierKeyPath).toBe(at("audit.pub"))
    expect(readFileSync(verifierKeyPath, "utf8")).toBe(`${verifierKey}\n`)
    expect(mode(at("audit.pub"))).toBe(0o644)
    expect(readdirSync(folder).sort()).toEqual(["audit.key", "audit.pub"])
    // C2SP signed-note: <name>+<hex of the first 4 bytes of SHA-256(name, line feed, type, key)>+<base64 of type, key>
    const typed = Buffer.concat([Uint8Array.of(1), key.publicKey])
    const id = createHash("sha256").update(`${origin}\n`).update(typed).digest("hex").slice(0, 8)
    expect(verifierKey).toBe(`${origin}+${id}+${typed.toString("base64")}`)
  })

  it.each([
    ["audit.key", "audit.pub"],
    ["trail", "trail.pub"],
    ["key.pem", "key.pem.pub"],
  ])("%s has its verifier key in %s", (name, pub) => {
    expect(load(name).verifierKeyPath).toBe(at(pub))
  })

  it("loads the same key again, with or without a trail", () => {
    const { verifierKey } = load()
    expect(load("audit.key", true)).toMatchObject({ created: false, verifierKey })
    expect(load("audit.key", false)).toMatchObject({ created: false, verifierKey })
  })

  it("is not replaced when it is missing and the trail has events", () => {
    const error = refusal(() => load("audit.key", true))
    expect(error.code).toBe("key_missing")
    expect(error.message).toContain("backup")
    expect(readdirSync(folder)).toEqual([])
  })

  it.each(["", "something else\n"])("corrects a verifier key file that contains %j", (content) => {
    const { verifierKey } = load()
    writeFileSync(at("audit.pub"), content)
    load("audit.key", true)
    expect(readFileSync(at("audit.pub"), "utf8")).toBe(`${verifierKey}\n`)
    expect(readdirSync(folder).sort()).toEqual(["audit.key", "audit.pub"])
  })

  it("does not change a correct verifier key file", () => {
    load()
    const before = statSync(at("audit.pub")).ino
    load("audit.key", true)
    expect(statSync(at("audit.pub")).ino).toBe(before)
  })

  it("is refused for the same faults as a signing key", () => {
    write("audit.key", RFC_8410_KEY, 0o644)
    expect(refusal(() => load("audit.key", true)).code).toBe("key_exposed")
  })

  it("reports when the verifier key cannot be written", () => {
    mkdirSync(at("audit.pub"))
    expect(refusal(() => load())).toMatchObject({ code: "key_unwritable", path: at("audit.pub") })
  })
})
