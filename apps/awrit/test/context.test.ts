import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { startTestBroker, type TestBroker } from "@agentwrit/testing/broker"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest"
import { awrit, succeeds } from "./run-awrit.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const OTHER_SECRET = "the other broker's secret"

let one: TestBroker
let two: TestBroker
beforeAll(async () => {
  one = await startTestBroker()
  two = await startTestBroker({ adminSecret: OTHER_SECRET })
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await two[Symbol.asyncDispose]()
})

let home: string
let secretFile: string
beforeEach(async () => {
  home = temporaryFolder()
  vi.stubEnv("HOME", home)
  secretFile = join(home, "secret")
  writeFileSync(secretFile, `${OTHER_SECRET}\n`, { mode: 0o600 })
  await succeeds(["context", "set", "one", "--broker-url", one.url, "--secret-env", "ONE_SECRET"], {})
  await succeeds(["context", "set", "two", "--broker-url", two.url, "--secret-file", secretFile], {})
})

const ONE_SECRET = { ONE_SECRET: ADMIN_SECRET }

interface Shown {
  readonly settings: readonly { readonly name: string; readonly value: string; readonly from: string }[]
}

/** The settings that `awrit config show` tells, each as its value and where it comes from. */
async function shown(words: readonly string[], env: Record<string, string> = {}): Promise<Record<string, string[]>> {
  const { settings }: Shown = JSON.parse(await succeeds(["config", "show", ...words, "--json"], { env }))
  return Object.fromEntries(settings.map(({ from, name, value }) => [name, [value, from]]))
}

test("a context names a broker and where its secret is; the file holds no secret", async () => {
  const { audit_events_count: before } = JSON.parse(await succeeds(["health", "--context", "two", "--json"], {}))
  await succeeds(["app", "list", "--context", "two"], {})
  const { audit_events_count: after } = JSON.parse(await succeeds(["health", "--context", "two", "--json"], {}))
  expect(after).toBe(before + 1)
  await succeeds(["app", "list", "--context", "one"], { env: ONE_SECRET })
  const path = join(home, ".broker", "contexts", "two")
  expect(readFileSync(path, "utf8")).toBe(`BROKER_URL=${two.url}\nADMIN_SECRET_FILE=${secretFile}\n`)
  expect([statSync(path).mode & 0o777, statSync(join(home, ".broker")).mode & 0o777]).toEqual([0o600, 0o700])
})

test("a flag wins over the environment, which wins over the context, which wins over the config file", async () => {
  const config = join(home, "config")
  writeFileSync(config, `BROKER_URL=http://config.example\nADMIN_SECRET=${ADMIN_SECRET}\n`, { mode: 0o600 })
  const env: Record<string, string> = { AA_CONFIG_PATH: config }
  const broker = async (...words: string[]) => (await shown(words, env))["broker_url"]
  expect(await broker()).toEqual(["http://config.example", `BROKER_URL of ${config}`])
  await succeeds(["context", "use", "one"], { env })
  const contexts = join(home, ".broker", "contexts")
  expect(await broker()).toEqual([one.url, `BROKER_URL of ${join(contexts, "one")}`])
  env["AACTL_CONTEXT"] = "two"
  expect(await broker()).toEqual([two.url, `BROKER_URL of ${join(contexts, "two")}`])
  env["AACTL_BROKER_URL"] = "http://environment.example"
  expect(await broker()).toEqual(["http://environment.example", "AACTL_BROKER_URL"])
  expect(await broker("--context", "one")).toEqual([one.url, `BROKER_URL of ${join(contexts, "one")}`])
  expect(await broker("--broker-url", "http://flag.example")).toEqual(["http://flag.example", "--broker-url"])
})

test("config show tells where each value comes from, and no secret", async () => {
  await succeeds(["context", "set", "two", "--ca", join(home, "ca.pem"), "--use"], {})
  expect(await shown([])).toEqual({
    context: ["two", "awrit context use"],
    broker_url: [two.url, `BROKER_URL of ${join(home, ".broker", "contexts", "two")}`],
    ca: [join(home, "ca.pem"), `CA of ${join(home, ".broker", "contexts", "two")}`],
    admin_secret: ["********", secretFile],
  })
  expect(await succeeds(["config", "show"], { env: { AACTL_ADMIN_SECRET: "visible?" } })).not.toMatch(/visible|other/)
  expect((await shown([], { AACTL_ADMIN_SECRET: "visible?" }))["admin_secret"]).toEqual(["********", secretFile])
})

test("the secret of the environment does not reach the broker of a context that was chosen earlier", async () => {
  const env = { AACTL_ADMIN_SECRET: ADMIN_SECRET }
  await succeeds(["context", "set", "bare", "--broker-url", one.url, "--use"], {})
  for (const words of [["app", "list"], ["login"]])
    expect(await awrit(words, { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("AACTL_ADMIN_SECRET is not sent to the broker of context bare"),
    })
  await succeeds(["app", "list", "--context", "bare"], { env })
  await succeeds(["app", "list"], { env: { ...env, AACTL_CONTEXT: "bare" } })
})

test("a context file that cannot be removed is named, and no bug of awrit", async () => {
  const path = join(home, ".broker", "contexts", "folder")
  mkdirSync(path)
  const { code, stderr } = await awrit(["context", "remove", "folder"])
  expect([code, stderr]).toEqual([1, expect.stringContaining(path)])
  expect(stderr).not.toContain("bug")
})

test("contexts are listed, used, changed and removed", async () => {
  await succeeds(["context", "use", "two"], {})
  expect(JSON.parse(await succeeds(["context", "list", "--json"], {}))).toEqual({
    contexts: [
      { name: "one", in_use: false, broker_url: one.url, secret: "ONE_SECRET" },
      { name: "two", in_use: true, broker_url: two.url, secret: secretFile },
    ],
  })
  await succeeds(["context", "set", "two", "--secret-env", "TWO_SECRET"], {})
  expect(await succeeds(["context", "list"], {})).toMatch(/^two +yes +\S+ +TWO_SECRET$/m)
  await succeeds(["context", "remove", "two"], {})
  expect((await shown([]))["context"]).toBeUndefined()
  await succeeds(["context", "use", "one"], {})
  await succeeds(["context", "use", "--none"], {})
  expect((await shown([]))["context"]).toBeUndefined()
  expect(await awrit(["context", "remove", "two"])).toMatchObject({ code: 1 })
})

test.each<[words: string[], code: number, message: string]>([
  [["app", "list", "--context", "three"], 1, "there is no context three: awrit context list shows them"],
  [["context", "use", "three"], 1, "there is no context three"],
  [["context", "use"], 2, "give the context's <name>, or --none"],
  [["context", "set", "../x", "--broker-url", "http://x.example"], 2, "a context's name is 1 to 64 letters"],
  [["context", "set", "new"], 2, "--broker-url is missing"],
  [["context", "set", "new", "--broker-url", "x"], 2, "--broker-url must be an http or https URL"],
  [["context", "set", "one", "--secret-env", "A", "--secret-file", "B"], 2, "give one of them"],
  [["context", "set", "one", "--secret-file", "a # b"], 2, "the value of ADMIN_SECRET_FILE has quotes"],
  [["app", "list", "--context", "one", "--broker-url", "http://x.example"], 2, "both name a broker"],
  [["app", "list", "--context", "one"], 1, "names ONE_SECRET, which is not set"],
])("awrit %j is refused", async (words, code, message) => {
  expect(await awrit(words)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) })
})

test("a context file that others can read, that is a link, or that has unknown keys is refused", async () => {
  const folder = join(home, ".broker", "contexts")
  chmodSync(join(folder, "one"), 0o644)
  symlinkSync(join(folder, "two"), join(folder, "link"))
  writeFileSync(join(folder, "odd"), "BROKER_URL=http://x.example\nADMIN_SECRET=top secret\n", { mode: 0o600 })
  writeFileSync(join(folder, "empty"), "# nothing\n", { mode: 0o600 })
  mkdirSync(join(folder, "folder"))
  for (const [name, fault] of [
    ["one", "chmod 600"],
    ["link", "is a symbolic link"],
    ["odd", "line 2: there is no key ADMIN_SECRET; accepted are BROKER_URL, CA"],
    ["empty", "BROKER_URL is missing"],
    ["folder", "is not a regular file"],
  ] as const) {
    const { code, stderr } = await awrit(["app", "list", "--context", name])
    expect([code, stderr]).toEqual([1, expect.stringContaining(fault)])
    expect(stderr).not.toContain("top secret")
  }
})
