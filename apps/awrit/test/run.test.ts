import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { decodeToken } from "@agentwrit/core"
import { shareTestBroker, startTestBroker } from "@agentwrit/testing/broker"
import { call } from "@agentwrit/testing/client"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { beforeEach, expect, onTestFinished, test, vi } from "vitest"
import { awrit, operator, startAwrit, succeeds } from "./run-awrit.ts"
import { temporaryFolder } from "./temporary-folder.ts"

let url: string
let admin: string
let env: Record<string, string>
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
  env = { PATH: process.env["PATH"] ?? "", ...operator(url) }
})

/** A file that commands write to. */
let told: string
beforeEach(() => {
  told = join(temporaryFolder(), "told")
  env["TOLD"] = told
})

const SCOPE = ["--scope", "read:data:7"]

/** The command that runs a line of sh. */
const sh = (line: string): string[] => ["--", "sh", "-c", line]

const agentOf = async (task: string) =>
  (await call(url, `GET /v1/admin/agents?task_id=${task}`, { bearer: admin })).body.agents[0]

test("the command gets a token that only it holds, good while it runs and released afterwards", async () => {
  const ask = `
    const { AGENTWRIT_BROKER_URL: broker, AGENTWRIT_TOKEN: token, AGENTWRIT_TOKEN_FILE: file } = process.env
    const { readFileSync, statSync, writeFileSync } = process.getBuiltinModule("node:fs")
    const folder = process.getBuiltinModule("node:path").dirname(file)
    const answer = await fetch(broker + "/v1/token/validate", { method: "POST", body: JSON.stringify({ token }) })
    const modes = [folder, file].map((path) => (statSync(path).mode & 0o777).toString(8))
    const same = readFileSync(file, "utf8") === token
    writeFileSync(process.env.TOLD, JSON.stringify({ env: process.env, same, modes, ...(await answer.json()) }))`
  const node = ["--", process.execPath, "--input-type=module", "-e", ask]
  const ended = await awrit(["run", ...SCOPE, "--task", "run-1", "--orch", "ci", "--ttl", "600", ...node], { env })
  expect(ended).toEqual({ code: 0, stdout: "", stderr: "" })
  const seen = JSON.parse(readFileSync(told, "utf8"))
  expect(seen).toMatchObject({ valid: true, same: true, modes: ["700", "600"] })
  const { AGENTWRIT_AGENT_ID: id, AGENTWRIT_TOKEN_FILE: file } = seen.env
  expect(seen.claims).toMatchObject({ sub: id, scope: ["read:data:7"], task_id: "run-1", orch_id: "ci" })
  expect(seen.claims.exp - seen.claims.iat).toBe(600)
  expect(seen.claims.cnf).toBeUndefined()
  expect(await agentOf("run-1")).toMatchObject({ agent_id: id, status: "released" })
  expect(existsSync(dirname(file))).toBe(false)
})

test("the file holds a new token before the old one expires", async () => {
  const wait = 'while [ "$(cat $AGENTWRIT_TOKEN_FILE)" = "$AGENTWRIT_TOKEN" ]; do sleep 0.05; done'
  const tell = 'printf "%s\\n" "$AGENTWRIT_TOKEN" "$(cat $AGENTWRIT_TOKEN_FILE)" > "$TOLD"'
  await succeeds(["run", ...SCOPE, "--task", "renewed", "--ttl", "6", ...sh(`${wait}; ${tell}`)], { env })
  const [first, second] = readFileSync(told, "utf8")
    .trim()
    .split("\n")
    .map((token) => decodeToken(token).claims)
  expect(second).toMatchObject({ sub: first?.sub, scope: first?.scope })
  expect(second?.jti).not.toBe(first?.jti)
  expect(second?.iat).toBeLessThan(first?.exp ?? 0)
  expect(await agentOf("renewed")).toMatchObject({ status: "released" })
})

test("a command whose agent is revoked learns that no good token comes any more", async () => {
  // The command goes on until awrit has said so.
  const go = join(dirname(told), "go")
  const line = `touch "$TOLD"; until [ -e ${go} ]; do sleep 0.05; done; exit 3`
  const running = startAwrit(["run", ...SCOPE, "--task", "revoked", "--ttl", "3", ...sh(line)], { env })
  await expect.poll(() => existsSync(told)).toBe(true)
  await call(url, "POST /v1/revoke", { bearer: admin, json: { level: "task", target: "revoked" } })
  const warning = "the command has no good token any more: "
  await expect.poll(running.stderr).toContain(warning)
  writeFileSync(go, "")
  expect((await running.ended).code).toBe(3)
})

test("--app holds the scope to the app's present ceiling", async () => {
  const { appId } = await registerApp(url, admin, ["read:data:7"])
  const [name] = /app-[0-9a-f]{8}/.exec(appId.replace("app-", "")) ?? [""]
  await succeeds(["run", "--app", name, ...SCOPE, "--task", "within", ...sh("true")], { env })
  expect(await agentOf("within")).toMatchObject({ orch_id: name, scope: ["read:data:7"] })
  const beyond = await awrit(["run", "--app", appId, "--scope", "read:data:7,read:data:8", ...sh("true")], { env })
  expect([beyond.code, beyond.stderr]).toEqual([1, expect.stringMatching(/read:data:8 is beyond the ceiling of app-/)])
  await succeeds(["app", "remove", "--id", appId], { env })
  const removed = await awrit(["run", "--app", appId, ...SCOPE, ...sh("true")], { env })
  expect([removed.code, removed.stderr]).toEqual([1, expect.stringContaining("is inactive")])
})

test.each([
  [["sh", "-c", "exit 42"], 42, ""],
  [["sh", "-c", "kill -TERM $$"], 143, ""],
  [["/nonexistent/command"], 127, "awrit: /nonexistent/command cannot be run (ENOENT)\n"],
  [["/"], 126, "awrit: / cannot be run (EACCES)\n"],
  // The flags of the command are its own.
  [["sh", "-c", 'test "$1" = --help && exit 5', "sh", "--help"], 5, ""],
])("awrit run -- %j exits with %i", async (words, code, stderr) => {
  const ended = await awrit(["run", ...SCOPE, "--task", `exit-${code}`, "--", ...words], { env })
  expect(ended).toEqual({ code, stdout: "", stderr })
  expect(await agentOf(`exit-${code}`)).toMatchObject({ status: "released" })
})

test.each([
  [["run", ...SCOPE], "the command is missing"],
  [["run", ...SCOPE, "sh"], 'takes no argument "sh"'],
  [["run", ...sh("true")], "--scope is missing"],
  [["run", "--scope", "read:data", ...sh("true")], "--scope, item 1, must be a scope"],
  [["run", ...SCOPE, "--task", "a b", ...sh("true")], "--task must be"],
  [["run", ...SCOPE, "--ttl", "0", ...sh("true")], "--ttl must be"],
])("awrit %j is refused", async (words, message) => {
  expect(await awrit(words, { env })).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
})

test("an agent whose command is not reached is released", async () => {
  vi.stubEnv("TMPDIR", join(dirname(told), "missing"))
  onTestFinished(() => void vi.stubEnv("TMPDIR", undefined))
  const { code, stderr } = await awrit(["run", ...SCOPE, "--task", "unreached", ...sh("true")], { env })
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/token cannot be kept in \S+missing \(ENOENT\): set TMPDIR/),
  ])
  expect(await agentOf("unreached")).toMatchObject({ status: "released" })
})

test("a broker that binds all tokens to keys is named", async () => {
  await using strict = await startTestBroker({ settings: { requireBound: true } })
  const { code, stderr } = await awrit(["run", ...SCOPE, ...sh("true")], { env: { ...env, ...operator(strict.url) } })
  expect([code, stderr]).toEqual([1, expect.stringContaining("AA_REQUIRE_BOUND")])
})
