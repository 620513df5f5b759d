import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { awritOnPath } from "@agentwrit/testing/awrit"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { agent, call } from "@agentwrit/testing/client"
import { type SharedBroker, shareBroker } from "@agentwrit/testing/shared-broker"
import { decodeJwt } from "jose"
import { describe, expect, test } from "vitest"
import { missingPrograms, type ShellEnd, shell } from "../../src/shell.ts"

const SEEDS = fileURLToPath(new URL("../../../../../shared/seeds", import.meta.url))

/** The guide's lines about `awrit`, unchanged. */
const GUIDE = {
  initDev: "awrit init --mode dev --force",
  initProd: "awrit init --mode prod --config-path /etc/broker/config",
  brokerUrl: "export AACTL_BROKER_URL=http://localhost:8080",
  secret: "export AACTL_ADMIN_SECRET=my-secure-admin-secret-here",
  register: "awrit app register [--name NAME] [--scopes SCOPES]",
  list: "awrit app list",
  get: "awrit app get <app-id>",
  update: "awrit app update --id <app-id> [--scopes SCOPES] [--token-ttl N]",
  remove: "awrit app remove --id <app-id>",
  revokeToken: "awrit revoke --level token  --target <jti>",
  revokeAgent: "awrit revoke --level agent  --target spiffe://...",
  revokeTask: "awrit revoke --level task   --target task-001",
  revokeChain: "awrit revoke --level chain  --target spiffe://...",
  release: "awrit token release --token <jwt>",
  events: "awrit audit events",
  eventsByType: "awrit audit events --event-type token_revoked",
  eventsByAgent: "awrit audit events --agent-id spiffe://...",
  eventsByOutcome: "awrit audit events --outcome success",
  eventsSince: "awrit audit events --since 2026-03-29T00:00:00Z --limit 50",
  eventsJson: "awrit audit events --json",
} as const

/** Replaces the guide's notation by values: optional parts in brackets, `<…>` and `...`. */
function filled(line: string, values: Readonly<Record<string, string>>): string {
  return line
    .replaceAll(/[[\]]/g, "")
    .replaceAll(/<[\w-]+>|spiffe:\/\/\.\.\.|\bNAME\b|\bSCOPES\b|\bN$/g, (mark) => `'${values[mark] ?? mark}'`)
}

test.runIf(existsSync(SEEDS))("the lines are the guide's", () => {
  const guide = readdirSync(SEEDS)
    .map((name) => readFileSync(join(SEEDS, name), "utf8"))
    .join("\n")
  for (const line of Object.values(GUIDE)) expect(guide).toContain(line)
  // Complete: every line after a prompt of the guide is here.
  const typed = guide.split("\n").filter((line) => /^awrit (?!is )[a-z]+ /.test(line))
  expect(typed.filter((line) => !Object.values(GUIDE).some((known) => known === line.trim()))).toEqual([])
})

describe.skipIf(missingPrograms("the guide's lines about awrit", "bash"))("the guide's quick reference", () => {
  let shared: SharedBroker
  let type: (line: string, values?: Readonly<Record<string, string>>) => Promise<ShellEnd>
  shareBroker(async (started) => {
    shared = started
    const bin = await awritOnPath(started.folder.path)
    const exported = `export PATH=${bin}:$PATH HOME=${started.folder.path}
${GUIDE.brokerUrl.replace("http://localhost:8080", started.url)}
export AACTL_ADMIN_SECRET="$SECRET"
`
    type = (line, values = {}) =>
      shell(exported + filled(line, values), { SECRET: started.folder.environment["AA_ADMIN_SECRET"] ?? "" })
  })

  /** Requires that the line succeeded: output on stdout, only messages for people on stderr. */
  async function done(line: string, values?: Readonly<Record<string, string>>): Promise<string> {
    const { code, stderr, stdout } = await type(line, values)
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" })
    return stdout
  }

  test("apps", async () => {
    const made = await done(GUIDE.register, { NAME: "guide-app", SCOPES: "read:data:*,write:data:7" })
    expect(made).toContain("shown only once")
    const id = /app-guide-app-[0-9a-f]{6}/.exec(made)?.[0] ?? ""
    expect(await done(GUIDE.list)).toContain(id)
    expect(await done(GUIDE.get, { "<app-id>": id })).toContain("read:data:* write:data:7")
    const update = { "<app-id>": id, SCOPES: "read:data:*", N: "600" }
    expect(await done(GUIDE.update, update)).toContain("600 s")
    expect(await done(GUIDE.remove, { "<app-id>": id })).toContain("inactive")
    // Optional parts may be absent; without a terminal awrit does not ask for them.
    expect(await type("awrit app register")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--name is missing"),
    })
    expect(await type(`awrit app update --id ${id}`)).toMatchObject({ code: 2 })
  })

  test("revocation", async () => {
    const token = await agent(shared.url, shared.admin)
    const jti = decodeJwt(token.access_token).jti ?? ""
    expect(await done(GUIDE.revokeToken, { "<jti>": jti })).toContain(jti)
    const target = { "spiffe://...": token.agent_id }
    for (const line of [GUIDE.revokeAgent, GUIDE.revokeChain])
      expect(await done(line, target)).toContain(token.agent_id)
    expect(await done(GUIDE.revokeTask)).toContain("task-001")
    const { body } = await call(shared.url, "POST /v1/token/validate", { json: { token: token.access_token } })
    expect(body.valid).toBe(false)
  })

  test("release", async () => {
    const { access_token: token } = await agent(shared.url, shared.admin)
    expect(await done(GUIDE.release, { "<jwt>": token })).toBe("")
    // A second time succeeds too (CONTRACT 8).
    await done(GUIDE.release, { "<jwt>": token })
  })

  test("audit", async () => {
    const { agent_id: agentId } = await agent(shared.url, shared.admin)
    await done(GUIDE.revokeTask)
    expect(await done(GUIDE.events)).toContain("evt-000001")
    expect(await done(GUIDE.eventsByType)).toContain("token_revoked")
    expect(await done(GUIDE.eventsByAgent, { "spiffe://...": agentId })).toContain("agent_registered")
    expect(await done(GUIDE.eventsByOutcome)).not.toContain("denied")
    expect(await done(GUIDE.eventsSince)).toContain("evt-")
    const answer = JSON.parse(await done(GUIDE.eventsJson))
    expect(answer).toMatchObject({ offset: 0, limit: 100, total: answer.events.length })
    expect(answer.events[0]).toMatchObject({ id: "evt-000001", event_type: "admin_auth" })
  })
})

describe.skipIf(missingPrograms("the guide's awrit init", "bash"))("the guide's set-up", () => {
  async function typed(folder: BrokerFolder, line: string): Promise<ShellEnd> {
    const bin = await awritOnPath(folder.path)
    return shell(`export PATH=${bin}:$PATH; ${line.replace(" /etc/broker", ` ${folder.path}/etc/broker`)}`, {
      HOME: folder.path,
    })
  }
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

  test("init for development: broker and awrit work without further set-up", async () => {
    await using folder = await brokerFolder()
    const made = await typed(folder, GUIDE.initDev)
    expect(made.code).toBe(0)
    const path = join(folder.path, ".broker", "config")
    expect([modeOf(path), modeOf(join(folder.path, ".broker"))]).toEqual(["600", "700"])
    const text = readFileSync(path, "utf8")
    expect(text).toMatch(/^MODE=development\nADMIN_SECRET=[0-9a-f]{64}\nBROKER_URL=http:\/\/localhost:8080\n$/)
    expect(made.stdout).toContain(`${/ADMIN_SECRET=(.*)/.exec(text)?.[1]}  (shown only once)`)

    await using broker = await startBroker(folder, { AA_ADMIN_SECRET: "", HOME: folder.path })
    expect((await typed(folder, `awrit app list --broker-url ${broker.url}`)).code).toBe(0)

    expect(await typed(folder, "awrit init")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--force"),
    })
    expect(readFileSync(path, "utf8")).toBe(text)
    expect((await typed(folder, GUIDE.initDev)).code).toBe(0)
    expect(readFileSync(path, "utf8")).not.toBe(text)
  })

  test("init for production: only the hash is stored, and the secret is shown once", async () => {
    await using folder = await brokerFolder()
    const made = await typed(folder, GUIDE.initProd)
    expect(made.code).toBe(0)
    const path = join(folder.path, "etc", "broker", "config")
    expect([modeOf(path), modeOf(join(folder.path, "etc", "broker"))]).toEqual(["600", "700"])
    const text = readFileSync(path, "utf8")
    expect(text).toMatch(/^MODE=production\nADMIN_SECRET=\$2b\$12\$.{53}\n/)
    const secret = /[0-9a-f]{64}/.exec(made.stdout)?.[0] ?? ""
    expect(made.stdout).toContain("shown only once")
    expect(text).not.toContain(secret)

    await using broker = await startBroker(folder, { AA_ADMIN_SECRET: "", AA_CONFIG_PATH: path })
    const list = `AA_CONFIG_PATH=${path} awrit app list --broker-url ${broker.url}`
    expect(await typed(folder, list)).toMatchObject({ code: 1, stderr: expect.stringContaining("AACTL_ADMIN_SECRET") })
    expect((await typed(folder, `AACTL_ADMIN_SECRET=${secret} ${list}`)).code).toBe(0)
  })
})
