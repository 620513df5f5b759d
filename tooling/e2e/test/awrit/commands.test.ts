import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { awrit, operator } from "@agentwrit/testing/awrit"
import { agent, call, registration } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { type SharedBroker, shareBroker } from "@agentwrit/testing/shared-broker"
import { describe, expect, test } from "vitest"

let shared: SharedBroker
let env: Record<string, string>
shareBroker((started) => {
  shared = started
  env = operator(started.url)
})

/** Runs a command that works, and answers what it printed. */
async function done(words: readonly string[], input?: string): Promise<string> {
  const { code, stderr, stdout } = await awrit(words, { env, ...(input !== undefined && { input }) })
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" })
  return stdout
}

test("--json prints the API's answer to the byte, and nothing else", { timeout: 60_000 }, async () => {
  await using proxy = await startProxy(shared.url)
  const bodies: string[] = []
  proxy.edit = (chunk, path) => {
    if (path !== "/v1/admin/auth") bodies.push(chunk)
    return chunk
  }
  const proxied = { env: { ...env, AACTL_BROKER_URL: proxy.url } }
  const create = ["app", "register", "--name", "json-app", "--scopes", "read:data:*", "--json"]
  const app = await awrit(create, proxied)
  expect(app).toMatchObject({ code: 0, stdout: `${bodies[0]}\n` })
  const id = JSON.parse(app.stdout).app_id
  for (const words of [
    ["app", "list"],
    ["app", "get", id],
    ["app", "update", "--id", id, "--token-ttl", "600"],
    ["app", "remove", "--id", id],
    ["launch-token", "create", "--agent-name", "a", "--allowed-scope", "read:data:*"],
    ["agent", "list", "--limit", "1"],
    ["revoke", "--level", "task", "--target", "json"],
    ["audit", "events", "--limit", "3"],
    ["health"],
  ]) {
    bodies.length = 0
    // The flag stands before the command as well as after it.
    expect(await awrit(["--json", ...words], proxied)).toMatchObject({ code: 0, stdout: `${bodies.join("")}\n` })
  }
})

test("with --json every other command prints one document too, and stderr stays empty", {
  timeout: 60_000,
}, async () => {
  const { access_token: token } = await agent(shared.url, shared.admin)
  const documents: [words: readonly string[], document: unknown][] = [
    [["--version"], { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) }],
    [["completion", "fish"], { shell: "fish", script: expect.stringContaining("complete -c awrit") }],
    [["token", "inspect", "--token", token], expect.objectContaining({ standing: "good" })],
    [["token", "release", "--token", token], { released: true, already: false }],
    // As a header held it.
    [["token", "release", "--token", `Bearer ${token}`], { released: true, already: true }],
    [["audit", "verify"], expect.objectContaining({ ok: true })],
    [["doctor"], { findings: expect.any(Array) }],
    [["init", "--mode", "prod", "--config-path", join(shared.folder.path, "json", "config")], expect.any(Object)],
  ]
  for (const [words, document] of documents) {
    const { code, stderr, stdout } = await awrit([...words, "--json"], { env })
    expect({ code, stderr, document: JSON.parse(stdout) }, words.join(" ")).toEqual({ code: 0, stderr: "", document })
    expect(stdout.indexOf("\n")).toBe(stdout.length - 1)
  }
  // Nothing is said beside the API's answers either.
  for (const words of [
    ["agent", "list"],
    ["audit", "events", "--limit", "2"],
    ["app", "register", "--name", "quiet", "--scopes", "read:data:*"],
    ["audit", "export"],
  ])
    expect(await awrit([...words, "--json"], { env })).toMatchObject({ code: 0, stderr: "" })
})

test.each([["help"], ["-h"], ["help app register"], ["app help"], ["app register -h"]])(
  "awrit %s helps",
  async (line) => {
    const words = line.split(" ")
    const asked = words.filter((word) => word !== "help" && word !== "-h")
    expect(await awrit(words)).toEqual(await awrit([...asked, "--help"]))
    expect(await awrit(words)).toMatchObject({ code: 0, stderr: "" })
  },
)

test("a launch token that was made is good for a registration", async () => {
  const words = ["launch-token", "create", "--agent-name", "worker", "--allowed-scope", "read:data:*", "--ttl", "600"]
  const text = await done([...words, "--task-id", "bound-task"])
  expect(text).toMatch(/expires in 10m|expires in 9m 59s/)
  const ticket = /[0-9a-f]{64}/.exec(text)?.[0] ?? ""
  const other = await call(shared.url, "POST /v1/register", { json: await registration(shared.url, ticket) })
  expect(other.status).toBe(403)
  const bound = await registration(shared.url, ticket, { task_id: "bound-task" })
  expect((await call(shared.url, "POST /v1/register", { json: bound })).status).toBe(200)
  expect(await done(["agent", "list", "--task-id", "bound-task"])).toContain("active")
})

describe("token inspect", { timeout: 60_000 }, () => {
  test("says what a delegated token may do, and through whom it came", async () => {
    const scope = { requested_scope: ["read:data:7"], task_id: "inspect" }
    const first = await agent(shared.url, shared.admin, scope)
    const second = await agent(shared.url, shared.admin, scope)
    const json = { delegate_to: second.agent_id, scope: ["read:data:7"], ttl: 60 }
    const { body } = await call(shared.url, "POST /v1/delegate", { bearer: first.access_token, json })
    const text = await done(["token", "inspect", "--token", "-"], `${body.access_token}\n`)
    expect(text).toMatch(/^standing +good$/m)
    expect(text).toContain("read data 7  (read:data:7)")
    expect(text).toMatch(/^expires .*\(expires in (1m|5\ds)\)$/m)
    expect(text).toContain(`by ${first.agent_id}, which held read:data:7`)
    expect(text).not.toContain(body.access_token)
    const document = JSON.parse(await done(["token", "inspect", "--token", body.access_token, "--json"]))
    expect(document).toMatchObject({ standing: "good", claims: { sub: second.agent_id } })
  })

  test("says of a released, an edited and a strange token that it is not good", async () => {
    const { access_token: token } = await agent(shared.url, shared.admin)
    const [head = "", payload = "", signature = ""] = token.split(".")
    const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`
    const edited = await awrit(["token", "inspect", "--token", `${head}.${payload}.${flipped}`], { env })
    expect([edited.code, edited.stdout]).toEqual([1, expect.stringContaining("not signed by this broker")])
    await done(["token", "release", "--token", "-"], token)
    const released = await awrit(["token", "inspect", "--token", token], { env })
    expect([released.code, released.stdout]).toEqual([1, expect.stringContaining("revoked, released or refused")])
    const document = JSON.parse((await awrit(["token", "inspect", "--token", token, "--json"], { env })).stdout)
    expect(document).toMatchObject({ standing: "refused" })
  })
})

describe("doctor", { timeout: 60_000 }, () => {
  test("finds nothing wrong with a good set-up", async () => {
    const text = await done(["doctor"])
    for (const about of [
      "config file",
      "admin secret",
      "broker URL",
      "broker",
      "version",
      "clock",
      "sign-in",
      "audit chain",
    ])
      expect(text).toMatch(new RegExp(`^✓ ${about} `, "m"))
  })

  test("finds a wrong clock, a wrong secret, an open key file, a broker that is away, and says what to do", async () => {
    await using proxy = await startProxy(shared.url)
    proxy.intercept = (_incoming, answer) => {
      answer.setHeader("date", new Date(Date.now() - 90_000).toUTCString())
      return "pass"
    }
    const key = join(shared.folder.path, "open.key")
    writeFileSync(key, "-----BEGIN PRIVATE KEY-----\n")
    chmodSync(key, 0o640)
    const bad = { AACTL_BROKER_URL: proxy.url, AACTL_ADMIN_SECRET: "wrong", AA_SIGNING_KEY_PATH: key }
    const { code, stdout } = await awrit(["doctor"], { env: bad })
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ sign-in .*\n +→ check the admin secret/)
    expect(stdout).toMatch(/✗ signing key .*mode 0640.*\n +→ chmod 600/)
    await proxy[Symbol.asyncDispose]()
    const distrustful = await awrit(["doctor"], { env: { ...bad, AACTL_CA: key } })
    expect(distrustful.stdout).toMatch(/✗ TLS files .*cannot be used together.*\n +→ correct --ca/)
    const away = await awrit(["doctor", "--json"], { env: bad })
    const { findings } = JSON.parse(away.stdout)
    expect(findings).toContainEqual(expect.objectContaining({ level: "problem", about: "broker" }))
  })
})

test("a config file whose folder others may write to is told of when it is made, and by the doctor", async () => {
  const folder = join(shared.folder.path, "open")
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  const path = join(folder, "config")
  const made = await awrit(["init", "--mode", "dev", "--config-path", path], { env })
  expect([made.code, made.stderr]).toEqual([0, `Others may put a file in the place of ${path}: chmod go-w ${folder}\n`])
  const told = await awrit(["doctor"], { env: { ...env, AA_CONFIG_PATH: path } })
  expect([told.code, told.stdout]).toEqual([0, expect.stringMatching(/^! config file .*\n +→ chmod go-w /m)])
  chmodSync(path, 0o644)
  const { findings } = JSON.parse(
    (await awrit(["doctor", "--json"], { env: { AA_CONFIG_PATH: path, AA_SIGNING_KEY_PATH: "" } })).stdout,
  )
  // Said once, not again of all that it was to tell.
  expect(findings).toEqual([
    expect.objectContaining({ about: "config file", found: expect.stringContaining("chmod 600") }),
  ])
})
