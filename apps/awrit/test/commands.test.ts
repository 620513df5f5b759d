import { join } from "node:path"
import { boundAgent } from "@agentwrit/testing/bound-agent"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call, registration } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { expect, test } from "vitest"
import { parse } from "yaml"
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

test("awrit alone shows its help", async () => {
  expect(await awrit([])).toEqual(await awrit(["--help"]))
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

test("launch tokens are listed, and a revoked one registers no agent", async () => {
  const create = ["launch-token", "create", "--agent-name", "voided", "--allowed-scope", "read:data:*", "--ttl", "600"]
  const made = JSON.parse(await succeeds([...create, "--max-lifetime", "900", "--json"], { env }))
  expect(await succeeds(["launch-token", "list"], { env })).toContain(made.id)
  expect(JSON.parse(await succeeds(["launch-token", "list", "--json"], { env })).launch_tokens).toContainEqual(
    expect.objectContaining({ id: made.id, max_lifetime: 900, uses: 0 }),
  )
  const revoke = ["launch-token", "revoke", "--id", made.id, "--json"]
  expect(JSON.parse(await succeeds(revoke, { env }))).toEqual({ revoked: true, id: made.id })
  const json = await registration(url, made.launch_token)
  expect((await call(url, "POST /v1/register", { json })).status).toBe(401)
  expect(await awrit(revoke, { env })).toMatchObject({ code: 1 })
  expect(await awrit(["launch-token", "revoke", "--id", "lt-1"], { env })).toMatchObject({ code: 2 })
})

test("a revocation tells what it ended, and warns when nothing matched", async () => {
  const { agent_id } = await agent(url, admin)
  const revoke = ["revoke", "--level", "agent", "--target", agent_id]
  const first = await awrit(revoke, { env })
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining("1 active agent, 1 token"), stderr: "" })
  const warning = expect.stringContaining("Nothing live matched")
  expect(await awrit(revoke, { env })).toMatchObject({ code: 0, stderr: warning })
  const affected = { agents: 0, tokens: 0 }
  const again = await awrit([...revoke, "--json"], { env })
  expect([JSON.parse(again.stdout), again.stderr]).toEqual([expect.objectContaining({ affected }), warning])
  expect(await awrit([...revoke, "--expect-match"], { env })).toMatchObject({ code: 1, stderr: warning })
  const { agent_id: live } = await agent(url, admin)
  await succeeds(["revoke", "--level", "agent", "--target", live, "--expect-match"], { env })
})

test("a revocation that the broker did not count says so where a match is expected", async () => {
  await using proxy = await startProxy(url)
  proxy.edit = (chunk) => chunk.replace(/"affected":\{[^}]*\},?/, "").replace(",}", "}")
  const revoke = ["revoke", "--level", "task", "--target", "t-uncounted", "--expect-match"]
  expect(await awrit(revoke, { env: { ...env, AACTL_BROKER_URL: proxy.url } })).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/ended +not counted/),
    stderr: expect.stringContaining("a match is not certain"),
  })
})

test("-o yaml prints the same value as --json, and -o json the same text", async () => {
  const { agent_id } = await agent(url, admin, { task_id: "yaml" })
  for (const words of [
    ["agent", "list", "--task-id", "yaml"],
    ["agent", "get", agent_id],
    ["app", "list"],
    ["completion", "bash"],
  ]) {
    const json = await succeeds([...words, "--json"], { env })
    expect(await succeeds([...words, "-o", "json"], { env })).toBe(json)
    const yaml = await succeeds(["-o", "yaml", ...words], { env })
    expect(parse(yaml)).toEqual(JSON.parse(json))
    expect(yaml).not.toMatch(/^[{[]/)
  }
  expect(await succeeds(["app", "list", "--output", "table"], { env })).toBe(await succeeds(["app", "list"], { env }))
})

test("lists are turned by --oldest in the table, and only there", async () => {
  for (const task_id of ["turn", "turn", "turn"]) await agent(url, admin, { task_id })
  const ids = async (...words: string[]): Promise<string[]> =>
    (await succeeds(["agent", "list", "--task-id", "turn", ...words], { env })).match(/spiffe:\S+/g) ?? []
  const newestFirst = await ids()
  expect(newestFirst).toHaveLength(3)
  expect(await ids("--oldest")).toEqual(newestFirst.toReversed())
  expect(await ids("--oldest", "--limit", "1", "--offset", "1")).toEqual([newestFirst[1]])
  const apps = async (...words: string[]): Promise<string[]> =>
    (await succeeds(["app", "list", ...words], { env })).match(/^app-\S+/gm) ?? []
  expect(await apps("--oldest")).toEqual((await apps()).toReversed())
  expect(await awrit(["agent", "list", "--oldest", "--json"], { env })).toMatchObject({ code: 2, stdout: "" })
})

test("an app gets orchestrations, a role, a new secret, and its sign-in back after a revocation", async () => {
  const register = ["app", "register", "--name", "managed", "--scopes", "read:data:*", "--orch-id", "m-1,m-2"]
  const app = JSON.parse(await succeeds([...register, "--role", "launcher,verifier", "--json"], { env }))
  expect(app).toMatchObject({ orch_ids: ["m-1", "m-2"], roles: ["launcher", "verifier"] })
  const shown = await succeeds(["app", "get", "managed"], { env })
  expect(shown).toMatch(/^roles +launcher verifier$/m)
  expect(shown).toMatch(/^orchestrations +m-1 m-2$/m)
  const rotate = ["app", "rotate-secret", "--id", app.app_id, "--grace", "0", "--json"]
  const { client_secret: secret } = JSON.parse(await succeeds(rotate, { env }))
  const signIn = async (client_secret: string) =>
    (await call(url, "POST /v1/app/auth", { json: { client_id: app.client_id, client_secret } })).status
  expect([await signIn(app.client_secret), await signIn(secret)]).toEqual([401, 200])
  await succeeds(["revoke", "--level", "app", "--target", app.app_id], { env })
  expect(await signIn(secret)).toBe(401)
  expect(await succeeds(["app", "restore", "--id", app.app_id], { env })).toContain("active")
  expect(
    await awrit(["app", "register", "--name", "x1", "--scopes", "a:b:c", "--role", "boss"], { env }),
  ).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--role, item 1,"),
  })
})

test("apps are found by name, and an agent by its id", async () => {
  const register = ["app", "register", "--name", "by-name", "--scopes", "read:data:*", "--json"]
  const { app_id: id } = JSON.parse(await succeeds(register, { env }))
  for (const words of [
    ["app", "get", "by-name"],
    ["app", "update", "--id", "by-name", "--token-ttl", "600"],
    ["app", "rotate-secret", "--id", "by-name"],
    ["revoke", "--level", "app", "--target", "by-name"],
    ["app", "restore", "--id", "by-name"],
    ["app", "remove", "--id", "by-name"],
  ])
    expect(await succeeds(words, { env })).toContain(id)
  expect(await succeeds(["revoke", "--level", "agent", "--target", "app:by-name"], { env })).toContain(`app:${id}`)
  const events = await succeeds(["audit", "events", "--agent-id", "app:by-name", "--json"], { env })
  expect(JSON.parse(events).total).toBeGreaterThan(0)
  expect(JSON.parse(await succeeds(["agent", "list", "--app-id", "by-name", "--json"], { env })).total).toBe(0)

  const { agent_id } = await agent(url, admin)
  expect(await succeeds(["agent", "get", agent_id], { env })).toMatch(/^status +active$/m)
  const { agents } = JSON.parse(await succeeds(["agent", "list", "--limit", "1", "--json"], { env }))
  expect(JSON.parse(await succeeds(["agent", "get", agent_id, "--json"], { env }))).toEqual(agents[0])
})

test("what is shown only once is shown also from an answer of an unexpected form", async () => {
  await using proxy = await startProxy(url)
  const bodies: string[] = []
  proxy.edit = (chunk, path) => {
    if (path === "/v1/admin/auth") return chunk
    bodies.unshift(chunk.replace(/}$/, ',"id":"","status":"","previous_valid_until":""}'))
    return bodies[0] ?? ""
  }
  const proxied = { env: { ...env, AACTL_BROKER_URL: proxy.url } }
  const app = JSON.parse(await succeeds(["app", "register", "--name", "odd", "--scopes", "a:b:c", "--json"], { env }))
  for (const [field, words] of [
    ["client_secret", ["app", "register", "--scopes", "read:data:*", "--name"]],
    ["client_secret", ["app", "rotate-secret", "--id", app.app_id]],
    ["launch_token", ["launch-token", "create", "--allowed-scope", "read:data:*", "--agent-name"]],
  ] as const) {
    const named = (name: string): readonly string[] => (words.length === 5 ? [...words, name] : words)
    const people = await awrit(named("odd-one"), proxied)
    expect(people).toMatchObject({ code: 0, stderr: expect.stringMatching(/^awrit: .* was made, but .*form/m) })
    expect(people.stdout).toContain(JSON.parse(bodies[0] ?? "")[field])
    const program = await awrit([...named("odd-two"), "--json"], proxied)
    expect(program).toMatchObject({ code: 0, stdout: `${bodies[0]}\n`, stderr: expect.stringContaining("was made") })
  }
  proxy.edit = (chunk) => chunk.replace(/"client_secret":"[^"]*"/, '"client_secret":""')
  expect(await awrit(["app", "rotate-secret", "--id", app.app_id], proxied)).toMatchObject({ code: 1, stdout: "" })
})

test("a token that is bound to a key is not released, and the command that ends it is named", async () => {
  const { token } = await boundAgent(url, admin)
  const { code, stderr } = await awrit(["token", "release", "--token", token], { env })
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/only the agent can release it; to end it now run: awrit revoke/),
  ])
  const words = /awrit (revoke --level token --target \w+)/.exec(stderr)?.[1] ?? ""
  expect(await awrit(words.split(" "), { env })).toMatchObject({ code: 0 })
})

test("secrets do not go to a broker without TLS on another machine, unless a flag says so", async () => {
  const there = { env: { ...env, AACTL_BROKER_URL: "http://broker.invalid" } }
  const { code, stderr } = await awrit(["app", "list"], there)
  expect([code, stderr]).toEqual([1, expect.stringContaining("use https, or give --dangerously-allow-http")])
  expect((await awrit(["app", "list", "--dangerously-allow-http"], there)).stderr).toContain("cannot be reached")
})

test("app remove --revoke ends the app's agents, and revoke --all those of everybody", async () => {
  const register = ["app", "register", "--name", "leaving", "--scopes", "read:data:*", "--json"]
  const app = JSON.parse(await succeeds(register, { env }))
  const launch = await agent(url, admin)
  const sdk = { client_id: app.client_id, client_secret: app.client_secret }
  const { access_token: bearer } = (await call(url, "POST /v1/app/auth", { json: sdk })).body
  const ticket = { agent_name: "leaver", allowed_scope: ["read:data:*"] }
  const { launch_token } = (await call(url, "POST /v1/app/launch-tokens", { bearer, json: ticket })).body
  const json = await registration(url, launch_token)
  const leaver = (await call(url, "POST /v1/register", { json })).body
  const isValid = async (token: string) => (await call(url, "POST /v1/token/validate", { json: { token } })).body.valid
  expect(await isValid(leaver.access_token)).toBe(true)
  await succeeds(["app", "remove", "--id", app.app_id, "--revoke"], { env })
  expect([await isValid(leaver.access_token), await isValid(launch.access_token)]).toEqual([false, true])
  expect(await awrit(["revoke", "--all", "--level", "all"], { env })).toMatchObject({ code: 2 })
  expect(await succeeds(["revoke", "--all"], { env })).toContain("all")
  expect(await isValid(launch.access_token)).toBe(false)
})
