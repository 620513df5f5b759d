import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call, registration } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { expect, test } from "vitest"
import { awrit, operator, succeeds } from "./run-awrit.ts"
import { temporaryFolder } from "./temporary-folder.ts"

let url: string
let admin: string
let env: Record<string, string>
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
  env = operator(url)
})

test("--json prints only the API's answer, byte for byte", async () => {
  await using proxy = await startProxy(url)
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
    // The flag may also stand before the command.
    expect(await awrit(["--json", ...words], proxied)).toMatchObject({ code: 0, stdout: `${bodies.join("")}\n` })
  }
})

test("every other command prints one JSON document with --json, and nothing on stderr", async () => {
  const { access_token: token } = await agent(url, admin)
  const documents: [words: readonly string[], document: unknown][] = [
    [["--version"], { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) }],
    [["completion", "fish"], { shell: "fish", script: expect.stringContaining("complete -c awrit") }],
    [["token", "inspect", "--token", token], expect.objectContaining({ standing: "good" })],
    [["token", "release", "--token", token], { released: true, already: false }],
    // Copied from a header.
    [["token", "release", "--token", `Bearer ${token}`], { released: true, already: true }],
    [["audit", "verify"], expect.objectContaining({ ok: true })],
    [["doctor"], { findings: expect.any(Array) }],
    [["init", "--mode", "prod", "--config-path", join(temporaryFolder(), "json", "config")], expect.any(Object)],
  ]
  for (const [words, document] of documents) {
    const { code, stderr, stdout } = await awrit([...words, "--json"], { env })
    expect({ code, stderr, document: JSON.parse(stdout) }, words.join(" ")).toEqual({ code: 0, stderr: "", document })
    expect(stdout.indexOf("\n")).toBe(stdout.length - 1)
  }
  // The commands that print the API's answer write nothing on stderr either.
  for (const words of [
    ["agent", "list"],
    ["audit", "events", "--limit", "2"],
    ["app", "register", "--name", "quiet", "--scopes", "read:data:*"],
    ["audit", "export"],
  ])
    expect(await awrit([...words, "--json"], { env })).toMatchObject({ code: 0, stderr: "" })
})

test.each([["help"], ["-h"], ["help app register"], ["app help"], ["app register -h"]])(
  "awrit %s shows help",
  async (line) => {
    const words = line.split(" ")
    const asked = words.filter((word) => word !== "help" && word !== "-h")
    expect(await awrit(words)).toEqual(await awrit([...asked, "--help"]))
    expect(await awrit(words)).toMatchObject({ code: 0, stderr: "" })
  },
)

test("a new launch token works for a registration of its task", async () => {
  const words = ["launch-token", "create", "--agent-name", "worker", "--allowed-scope", "read:data:*", "--ttl", "600"]
  const text = await succeeds([...words, "--task-id", "bound-task"], { env })
  expect(text).toMatch(/expires in 10m|expires in 9m 59s/)
  const ticket = /[0-9a-f]{64}/.exec(text)?.[0] ?? ""
  const other = await call(url, "POST /v1/register", { json: await registration(url, ticket) })
  expect(other.status).toBe(403)
  const bound = await registration(url, ticket, { task_id: "bound-task" })
  expect((await call(url, "POST /v1/register", { json: bound })).status).toBe(200)
  expect(await succeeds(["agent", "list", "--task-id", "bound-task"], { env })).toContain("active")
})
