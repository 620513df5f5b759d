import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { awrit, operator } from "../../src/awrit.ts"
import { agent, call, registration } from "../../src/client.ts"
import { startProxy } from "../../src/proxy.ts"
import { type SharedBroker, shareBroker } from "../../src/shared-broker.ts"
import { missingPrograms, shell } from "../../src/shell.ts"

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
    const away = await awrit(["doctor", "--json"], { env: bad })
    const { findings } = JSON.parse(away.stdout)
    expect(findings).toContainEqual(expect.objectContaining({ level: "problem", about: "broker" }))
  })
})

describe.skipIf(missingPrograms("awrit's completion in bash", "bash"))("completion", () => {
  const complete = async (line: string): Promise<string> => {
    const words = line.split(" ")
    const script = `${await done(["completion", "bash"])}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _awrit; echo "\${COMPREPLY[*]}"`
    return (await shell(script)).stdout.trim()
  }

  test.each([
    ["awrit a", "app agent audit"],
    ["awrit app r", "register remove"],
    ["awrit --json app u", "update"],
    ["awrit app register --s", "--scopes"],
    ["awrit revoke --level t", "token task"],
    ["awrit completion z", "zsh"],
  ])("in bash, %j goes on with %s", async (line, expected) => {
    expect(await complete(line)).toBe(expected)
  })

  test("zsh and fish have scripts that name every command", async () => {
    for (const name of ["zsh", "fish"]) {
      const script = await done(["completion", name])
      for (const word of ["register", "launch-token", "inspect", "verify", "doctor"]) expect(script).toContain(word)
    }
  })
})

describe.skipIf(missingPrograms("zsh's own check of its completion", "zsh"))("zsh", () => {
  test("reads its completion", async () => {
    expect((await shell(`zsh -n <<'E'\n${await done(["completion", "zsh"])}\nE`)).code).toBe(0)
  })
})
