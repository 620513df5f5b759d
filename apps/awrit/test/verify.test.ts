import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { shareTestBroker, startTestBroker } from "@agentwrit/testing/broker"
import { adminToken, call, launchToken } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest"
import { awrit, type Ended, operator } from "./run-awrit.ts"

const folder = mkdtempSync(join(tmpdir(), "agentwrit-awrit-"))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

let url: string
let admin: string
let env: Record<string, string>
shareTestBroker(
  ({ broker, ...shared }) => {
    ;({ url, admin } = shared)
    env = operator(url)
    writeFileSync(at("empty.ndjson"), "")
    writeFileSync(at("audit.pub"), broker.verifierKey)
  },
  { store: await SqliteStore.open({ path: at("data.db") }) },
)

/** An export with its checkpoint; the trail then has one more event. */
beforeAll(async () => {
  for (let n = 0; n < 5; n++) await launchToken(url, admin)
  const { code, stdout } = await awrit(["audit", "export", "--with-checkpoint", at("kept.checkpoint")], { env })
  expect(code).toBe(0)
  writeFileSync(at("trail.ndjson"), stdout)
  await launchToken(url, admin)
})

const evidence = (): string[] => ["--vkey", at("audit.pub"), "--checkpoint", at("kept.checkpoint")]

const verify = (...words: string[]): Promise<Ended> => awrit(["audit", "verify", ...words], { env })

async function sound(...words: string[]): Promise<string> {
  const { code, stderr, stdout } = await verify(...words)
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" })
  expect(stdout).toMatch(/^verdict +sound$/m)
  return stdout
}

describe("a sound trail", () => {
  test("of the broker", async () => {
    expect(await sound()).toMatch(/^checked +hash chain$/m)
    expect(await sound(...evidence())).toMatch(
      /^checked +hash chain, the broker's current checkpoint of \d+ events, the kept checkpoint of \d+ events$/m,
    )
    // The key itself instead of its file.
    await sound("--vkey", readFileSync(at("audit.pub"), "utf8").trim())
    const { stdout } = await verify("--json")
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, checked: ["hash chain"], events: expect.any(Number) })
  })

  test("of an export, also from stdin", async () => {
    await sound("--file", at("trail.ndjson"))
    expect(await sound("--file", at("trail.ndjson"), ...evidence())).toContain("the kept checkpoint")
    const piped = await awrit(["audit", "verify", "--file", "-"], {
      env,
      input: readFileSync(at("trail.ndjson"), "utf8"),
    })
    expect([piped.code, piped.stdout]).toEqual([0, expect.stringContaining("stdin")])
  })

  test("of an export with CRLF, a byte order mark, blank lines, or no final newline", async () => {
    const text = readFileSync(at("trail.ndjson"), "utf8")
    for (const left of [text.replaceAll("\n", "\r\n"), `\uFEFF${text}`, `${text}\n\n`, text.trimEnd()]) {
      writeFileSync(at("left.ndjson"), left)
      expect(await sound("--file", at("left.ndjson"), ...evidence())).toContain("the kept checkpoint")
    }
  })

  test("of the database of a running broker, and of a copy of it", async () => {
    expect(await sound("--db", at("data.db"), ...evidence())).toContain("the database's newest checkpoint")
    expect((await call(url, "GET /v1/health")).body.db_connected).toBe(true)
    await launchToken(url, admin)

    mkdirSync(at("copy"))
    for (const name of readdirSync(folder).filter((name) => /^data\.db(-wal)?$/.test(name)))
      cpSync(at(name), join(at("copy"), name))
    await sound("--db", join(at("copy"), "data.db"))
  })

  test("of the database of a stopped broker, without a new file beside it", async () => {
    const stopped = at("stopped")
    mkdirSync(stopped)
    const path = join(stopped, "data.db")
    const broker = await startTestBroker({ store: await SqliteStore.open({ path }) })
    await adminToken(broker.url)
    await broker[Symbol.asyncDispose]()
    const names = readdirSync(stopped)
    expect(names).not.toContain("data.db-wal")
    const before = readFileSync(path)
    const temporary = at("temporary")
    mkdirSync(temporary)
    vi.stubEnv("TMPDIR", temporary)
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await sound("--db", path)).toContain("hash chain")
    // A write-ahead log made by root would stop the next start of the broker.
    expect([readdirSync(stopped), readFileSync(path).equals(before)]).toEqual([names, true])
    // The temporary copy is removed too.
    expect(readdirSync(temporary)).toEqual([])
  })
})

describe("a broken trail", () => {
  const lines = (): string[] => readFileSync(at("trail.ndjson"), "utf8").split("\n")

  test.each([
    [
      "edited",
      (all: string[]) => all.with(2, (all[2] ?? "").replace('"outcome":"success"', '"outcome":"denied"')),
      3,
      "hash",
    ],
    ["dropped", (all: string[]) => all.toSpliced(2, 1), 3, "order"],
    ["that is not JSON", (all: string[]) => all.with(1, "{"), 2, "malformed"],
  ])("an export with an event %s", async (_, edit, position, reason) => {
    writeFileSync(at("bad.ndjson"), edit(lines()).join("\n"))
    const { code, stderr, stdout } = await verify("--file", at("bad.ndjson"))
    expect(code).toBe(1)
    expect(stdout).toMatch(new RegExp(`^verdict +BROKEN$[^]*^first bad event +${position}$[^]*^how +${reason}$`, "m"))
    expect(stderr).toMatch(new RegExp(`^awrit: audit trail broken at event ${position}: `))
    const json = await verify("--file", at("bad.ndjson"), "--json")
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([1, { ok: false, position, reason }])
  })

  test("an export with any byte of an event flipped", async () => {
    const bytes = readFileSync(at("trail.ndjson"))
    for (const part of [0.1, 0.3, 0.5, 0.7, 0.9]) {
      const flipped = Buffer.from(bytes)
      const index = Math.floor(bytes.length * part)
      // The highest bit: usually the line is no longer UTF-8.
      flipped.writeUInt8(flipped.readUInt8(index) ^ 0x80, index)
      writeFileSync(at("flipped.ndjson"), flipped)
      const position = bytes.subarray(0, index).toString().split("\n").length
      const { code, stdout } = await verify("--file", at("flipped.ndjson"), "--json")
      expect([code, JSON.parse(stdout)]).toMatchObject([1, { ok: false, position }])
    }
  })

  test("an export without its tail, by the kept checkpoint", async () => {
    writeFileSync(at("cut.ndjson"), `${lines().slice(0, 3).join("\n")}\n`)
    await sound("--file", at("cut.ndjson"))
    const { code, stdout } = await verify("--file", at("cut.ndjson"), ...evidence())
    expect([code, stdout]).toEqual([1, expect.stringContaining("checkpoint_size")])
  })

  test("an edited answer of the broker", async () => {
    await using proxy = await startProxy(url)
    proxy.edit = (chunk) => chunk.replace('"event_type":"launch_token_issued"', '"event_type":"admin_auth"')
    const { code, stdout } = await awrit(["audit", "verify"], { env: { ...env, AACTL_BROKER_URL: proxy.url } })
    expect([code, stdout]).toEqual([1, expect.stringContaining("hash")])
  })
})

test.each([
  [["--file", "none.ndjson"], "none.ndjson cannot be read (ENOENT)"],
  [["--file", "/"], "is a folder"],
  [["--db", "none.db"], "none.db does not exist"],
  [["--db", "audit.pub"], "is not a database of the broker"],
  [["--file", "empty.ndjson"], "empty.ndjson contains no events"],
  [["--file", "/dev/zero"], "/dev/zero is not an export: its line 1 is longer than any event"],
  [["--vkey", "none.pub"], "none.pub cannot be read (ENOENT)"],
  [["--vkey", "trail.ndjson"], "this is not a verifier key"],
  [["--vkey", "audit.pub", "--checkpoint", "audit.pub"], "this is not a signed note"],
])("%j exits with 1 and one line", async (words, message) => {
  const inFolder = words.map((word) => (/^[a-z]+\.\w+$/.test(word) ? at(word) : word))
  const { code, stderr, stdout } = await verify(...inFolder)
  expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(message)])
  expect(stderr.trim().split("\n")).toHaveLength(1)
})

test("a trail whose audit key rotated is sound for who pinned a key of it, before or after, and no other", async () => {
  await using rotating = await startTestBroker()
  const operated = { env: operator(rotating.url) }
  writeFileSync(at("first.pub"), rotating.verifierKey)
  await awrit(["audit", "export", "--with-checkpoint", at("first.checkpoint")], operated)
  const { verifier_key: second } = JSON.parse((await awrit(["key", "rotate", "--audit", "--json"], operated)).stdout)
  const exported = await awrit(["audit", "export", "--with-checkpoint", at("second.checkpoint")], operated)
  writeFileSync(at("rotated.ndjson"), exported.stdout)
  const verdict = async (...words: string[]) => {
    const { code, stderr } = await awrit(["audit", "verify", ...words], operated)
    return code === 0 ? "sound" : stderr
  }
  const file = ["--file", at("rotated.ndjson")]
  expect(await verdict("--vkey", at("first.pub"), "--checkpoint", at("first.checkpoint"))).toBe("sound")
  expect(await verdict("--vkey", second)).toBe("sound")
  expect(await verdict(...file, "--vkey", at("first.pub"), "--checkpoint", at("second.checkpoint"))).toBe("sound")
  expect(await verdict(...file, "--vkey", second, "--checkpoint", at("second.checkpoint"))).toBe("sound")
  expect(await verdict(...file, "--vkey", second, "--checkpoint", at("first.checkpoint"))).toContain("no signature of")
  expect(await verdict("--vkey", at("audit.pub"))).toContain("no signature of the key")
})
