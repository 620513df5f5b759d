import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { beforeEach, expect, test, vi } from "vitest"
import { awrit, operator, succeeds } from "./run-awrit.ts"
import { temporaryFolder } from "./temporary-folder.ts"

let url: string
let admin: string
let withSecret: { readonly env: Record<string, string> }
let withoutSecret: { readonly env: Record<string, string> }
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
  withSecret = { env: operator(url) }
  withoutSecret = { env: { AACTL_BROKER_URL: url } }
})

let sessions: string
beforeEach(() => {
  const home = temporaryFolder()
  vi.stubEnv("HOME", home)
  sessions = join(home, ".broker", "sessions")
})

const signIns = async (): Promise<number> =>
  (await call(url, "GET /v1/audit/events?event_type=admin_auth&limit=1", { bearer: admin })).body.total

const sessionFile = (): string => join(sessions, readdirSync(sessions)[0] ?? "")

function edit(change: (content: Record<string, string>) => object): void {
  writeFileSync(sessionFile(), JSON.stringify(change(JSON.parse(readFileSync(sessionFile(), "utf8")))))
}

test("after a login the commands that follow need no secret and sign in no more", async () => {
  await succeeds(["login"], withSecret)
  const before = await signIns()
  await succeeds(["app", "list"], withoutSecret)
  await succeeds(["agent", "list"], withSecret)
  expect(await signIns()).toBe(before)
  expect([statSync(sessions).mode & 0o777, statSync(sessionFile()).mode & 0o777]).toEqual([0o700, 0o600])
  expect(readFileSync(sessionFile(), "utf8")).not.toContain(ADMIN_SECRET)
})

test("without a login each command signs in for itself and keeps nothing", async () => {
  const before = await signIns()
  await succeeds(["app", "list"], withSecret)
  expect(await signIns()).toBe(before + 1)
  expect(() => readdirSync(sessions)).toThrow("ENOENT")
})

test("whoami tells who is signed in, where and until when", async () => {
  expect(await awrit(["whoami"], withSecret)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: `awrit: nobody is signed in at ${url}: run awrit login\n`,
  })
  const login = JSON.parse(await succeeds(["login", "--json"], withSecret))
  const who = JSON.parse(await succeeds(["whoami", "--json"], withoutSecret))
  expect(who).toEqual({
    subject: "admin",
    broker_url: url,
    scope: expect.arrayContaining(["admin:revoke:*", "admin:audit:*"]),
    expires_at: expect.stringMatching(/^20.*Z$/),
  })
  expect(login).toMatchObject({ subject: "admin", scope: who.scope })
})

test("logout releases the token and removes the file; with no session there is nothing to do", async () => {
  await succeeds(["login"], withSecret)
  const { access_token: token } = JSON.parse(readFileSync(sessionFile(), "utf8"))
  expect(JSON.parse(await succeeds(["logout", "--json"], withoutSecret))).toEqual({ signed_out: true, released: true })
  expect(readdirSync(sessions)).toEqual([])
  expect((await call(url, "POST /v1/token/validate", { json: { token } })).body.valid).toBe(false)
  expect(JSON.parse(await succeeds(["logout", "--json"], withoutSecret))).toEqual({
    signed_out: false,
    released: false,
  })
})

test("logout removes the file also when the broker is away", async () => {
  const proxy = await startProxy(url)
  const proxied = { env: operator(proxy.url) }
  await succeeds(["login"], proxied)
  await proxy[Symbol.asyncDispose]()
  const { code, stderr } = await awrit(["logout"], proxied)
  expect([code, stderr]).toEqual([0, expect.stringMatching(/cannot be reached .*; the token expires at 20/)])
  expect(readdirSync(sessions)).toEqual([])
})

test("an expired or ended session is replaced with the secret, or asks for a login without one", async () => {
  await succeeds(["login"], withSecret)
  const expire = () => edit((content) => ({ ...content, expires_at: "2020-01-01T00:00:00.000Z" }))
  expire()
  const ended = { code: 1, stderr: `awrit: the session at ${url} has ended: run awrit login\n` }
  expect(await awrit(["app", "list"], withoutSecret)).toMatchObject(ended)
  await succeeds(["app", "list"], withSecret)
  await succeeds(["app", "list"], withoutSecret)

  // The broker ends it before its time.
  const { access_token: bearer } = JSON.parse(readFileSync(sessionFile(), "utf8"))
  await call(url, "POST /v1/token/release", { bearer })
  expect(await awrit(["whoami"], withoutSecret)).toMatchObject(ended)
  expect(await awrit(["app", "list"], withoutSecret)).toMatchObject(ended)
  await succeeds(["app", "list"], withSecret)
  await succeeds(["whoami"], withoutSecret)
})

test("the session of one broker is not sent to another", async () => {
  await succeeds(["login"], withSecret)
  const { stderr } = await awrit(["app", "list"], { env: { AACTL_BROKER_URL: url.replace("127.0.0.1", "localhost") } })
  expect(stderr).toContain("there is no admin secret: set AACTL_ADMIN_SECRET, or type it to awrit login on a terminal")
})

test("login without a secret and without a terminal says what to do; a wrong secret keeps nothing", async () => {
  const none = await awrit(["login"], withoutSecret)
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("set AACTL_ADMIN_SECRET")])
  const wrong = await awrit(["login"], { env: { AACTL_BROKER_URL: url, AACTL_ADMIN_SECRET: "wrong" } })
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("check the admin secret")])
  expect(() => readdirSync(sessions)).toThrow("ENOENT")
})
