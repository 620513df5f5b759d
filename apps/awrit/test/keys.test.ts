import { generateKeyPairSync, randomBytes } from "node:crypto"
import {
  chmodSync,
  chownSync,
  lstatSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { startProxy } from "@agentwrit/testing/proxy"
import { describe, expect, test, vi } from "vitest"
import { awrit, operator, succeeds } from "./run-awrit.ts"
import { temporaryFolder } from "./temporary-folder.ts"

let env: Record<string, string>
shareTestBroker((shared) => {
  env = operator(shared.url)
})

const DAY_MS = 86_400_000

const keys = async () => JSON.parse(await succeeds(["key", "list", "--json"], { env })).keys

test("a key is listed, rotated and retired", async () => {
  const [{ kid }] = await keys()
  const rotated = JSON.parse(await succeeds(["key", "rotate", "--json"], { env }))
  expect(rotated).toMatchObject({ alg: "EdDSA", use: "native", state: "next" })
  const table = await succeeds(["key", "list"], { env })
  expect(table).toMatch(new RegExp(`${kid} +EdDSA +native +current`))
  expect(table).toMatch(new RegExp(`${rotated.kid} +EdDSA +native +next`))
  const again = await awrit(["key", "rotate"], { env })
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/under way.* at once with --signs-in 0 --force$/m),
  })
  expect(await succeeds(["key", "rotate", "--signs-in", "0", "--force"], { env })).toMatch(
    new RegExp(`${rotated.kid}[^]*current`),
  )
  expect(await succeeds(["key", "retire", "--kid", kid], { env })).toMatch(/status +retired/)
  expect((await keys()).map((key: { kid: string }) => key.kid)).toEqual([rotated.kid])
})

test.each([
  [["key", "retire"], "--kid is missing: awrit key list shows the ids"],
  [["key", "retire", "--kid", "x"], "--kid must be base64url of 32 bytes"],
  [["key", "rotate", "--alg", "RS512"], "--alg must be one of EdDSA, ES256, RS256"],
  [["key", "rotate", "--signs-in", "-1"], "--signs-in must be a whole number from 0 to 604800"],
  [["key", "rotate", "--audit", "--force"], "--audit goes with no other flag: the new audit key signs at once"],
  [["key", "reseal"], "give --new-key-file or --plain, one of the two"],
  [["key", "reseal", "--plain", "--new-key-file", "f"], "give --new-key-file or --plain, one of the two"],
])("%j is refused", async (words, message) => {
  expect(await awrit(words, { env })).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(message) })
})

describe("doctor", () => {
  test("warns of a key that signs for longer than the schedule, or than a year", async () => {
    expect(await succeeds(["doctor"], { env })).toMatch(/✓ EdDSA key +\S{43} signs for/)
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 40 * DAY_MS })
    const scheduled = await awrit(["doctor"], { env: { ...env, AA_KEY_ROTATION_DAYS: "30" } })
    expect(scheduled.stdout).toMatch(
      /! EdDSA key +\S{43} signs for 40d.*longer than AA_KEY_ROTATION_DAYS \(30\)\n +→ rotate/,
    )
    vi.setSystemTime(Date.now() + 330 * DAY_MS)
    expect((await awrit(["doctor"], { env })).stdout).toMatch(/! EdDSA key .*longer than a year\n +→ rotate/)
    vi.useRealTimers()
  })

  test("says that a broker of a version without rotation does not rotate", async () => {
    await using proxy = await startProxy(env["AACTL_BROKER_URL"] ?? "")
    proxy.intercept = (incoming, answer) => {
      if (!incoming.url?.startsWith("/v1/admin/keys")) return "pass"
      const problem = { type: "about:blank", title: "Not Found", status: 404, detail: "no such route" }
      answer.writeHead(404, { "content-type": "application/problem+json" })
      answer.end(
        JSON.stringify({ ...problem, instance: incoming.url, error_code: "not_found", request_id: "1", hint: "" }),
      )
      return "taken"
    }
    const told = await succeeds(["doctor"], { env: { ...env, AACTL_BROKER_URL: proxy.url } })
    expect(told).toMatch(/✓ sign-in .*\n✓ audit chain .*\n! keys +this broker does not rotate its keys\n +→ upgrade it/)
  })

  test("finds a key file that others can read", async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, "signing.next.key"), "")
    chmodSync(join(folder, "signing.next.key"), 0o644)
    const AA_SIGNING_KEY_PATH = join(folder, "signing.key")
    const { stdout } = await awrit(["doctor"], { env: { ...env, AA_SIGNING_KEY_PATH } })
    expect(stdout).toMatch(/✗ key +\S+signing.next.key can be read by other users/)
  })
})

describe("reseal", () => {
  const encryptionKey = () => randomBytes(32).toString("base64")

  /** A folder with a signing key and an audit key, and the environment of its broker. */
  function broker() {
    const folder = temporaryFolder()
    const pem = () => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString()
    const contents = Object.fromEntries(["signing.key", "signing.next.key", "audit.key"].map((name) => [name, pem()]))
    for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content, { mode: 0o600 })
    const read = () =>
      Object.fromEntries(Object.keys(contents).map((name) => [name, readFileSync(join(folder, name), "utf8")]))
    const keyFile = (content: string): string => {
      const path = join(temporaryFolder(), "encryption-key")
      writeFileSync(path, `${content}\n`)
      return path
    }
    return { folder, contents, read, keyFile, env: { AA_SIGNING_KEY_PATH: join(folder, "signing.key") } }
  }

  test("seals, changes the key and opens again, without a new signing key", async () => {
    const { folder, contents, read, keyFile, env: paths } = broker()
    const [first, second] = [encryptionKey(), encryptionKey()]
    expect(
      JSON.parse(await succeeds(["key", "reseal", "--new-key-file", keyFile(first), "--json"], { env: paths })),
    ).toMatchObject({ resealed: expect.arrayContaining([join(folder, "audit.key")]) })
    const sealed = read()
    for (const content of Object.values(sealed)) expect(content).toMatch(/^-----BEGIN AGENTWRIT SEALED KEY-----\n/)
    expect(statSync(join(folder, "signing.key")).mode & 0o777).toBe(0o600)

    const wrong = await awrit(["key", "reseal", "--plain"], { env: { ...paths, AA_KEY_ENCRYPTION_KEY: second } })
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/not sealed by this.*no file was changed/) })
    const missing = await awrit(["key", "reseal", "--plain"], { env: paths })
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("AA_KEY_ENCRYPTION_KEY is unset") })
    expect(read()).toEqual(sealed)

    const present = { ...paths, AA_KEY_ENCRYPTION_KEY_FILE: keyFile(first) }
    await succeeds(["key", "reseal", "--new-key-file", keyFile(second)], { env: present })
    const again = await succeeds(["key", "reseal", "--new-key-file", keyFile(second), "--json"], { env: present })
    expect(JSON.parse(again)).toMatchObject({ resealed: [], files: expect.arrayContaining([expect.any(String)]) })
    await succeeds(["key", "reseal", "--plain"], { env: { ...paths, AA_KEY_ENCRYPTION_KEY: second } })
    expect(read()).toEqual(contents)
  })

  test.skipIf(process.getuid?.() !== 0)("leaves the files to the broker's user when root runs it", async () => {
    const { folder, keyFile, env: paths } = broker()
    const path = join(folder, "signing.key")
    chownSync(path, 65_534, 65_533)
    await succeeds(["key", "reseal", "--new-key-file", keyFile(encryptionKey())], { env: paths })
    const { uid, gid, mode } = statSync(path)
    expect([uid, gid, mode & 0o777]).toEqual([65_534, 65_533, 0o600])
  })

  test("seals the file behind a symbolic link, and leaves no copy unsealed", async () => {
    const { folder, keyFile, env: paths } = broker()
    const [link, file] = [join(folder, "signing.key"), join(folder, "real.key")]
    renameSync(link, file)
    symlinkSync(file, link)
    await succeeds(["key", "reseal", "--new-key-file", keyFile(encryptionKey())], { env: paths })
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(file, "utf8")).toMatch(/^-----BEGIN AGENTWRIT SEALED KEY-----\n/)
  })

  test("refuses what is no encryption key", async () => {
    const { keyFile, env: paths } = broker()
    const { code, stderr } = await awrit(["key", "reseal", "--new-key-file", keyFile("short")], { env: paths })
    expect([code, stderr]).toEqual([1, expect.stringContaining("does not hold 32 bytes in base64")])
    expect(stderr).not.toContain("short")
  })
})
