import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { AgentWritApp } from "../../src/index.ts"

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentwrit-environment-"))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }
const SECRET = "486871c61b08c549"
const ENV = {
  AGENTWRIT_BROKER_URL: "https://broker.example",
  AGENTWRIT_CLIENT_ID: "crm-d2001123b373",
  AGENTWRIT_CLIENT_SECRET: SECRET,
}

test("an app of the process's environment creates agents", async () => {
  const { clientId, clientSecret } = await registerApp(url, admin)
  vi.stubEnv("AGENTWRIT_BROKER_URL", url)
  vi.stubEnv("AGENTWRIT_CLIENT_ID", clientId)
  vi.stubEnv("AGENTWRIT_CLIENT_SECRET_FILE", await file("secret", `${clientSecret}\n`))
  const app = AgentWritApp.fromEnv()
  expect([app.brokerUrl, app.clientId]).toEqual([url, clientId])
  const agent = await app.createAgent(TASK)
  await agent.release()
})

test("each variable may come by file, and the other options are those of the constructor", async () => {
  const env = {
    AGENTWRIT_BROKER_URL_FILE: await file("url", "https://broker.example"),
    AGENTWRIT_CLIENT_ID_FILE: await file("id", "crm-d2001123b373\r\n"),
    AGENTWRIT_CLIENT_SECRET_FILE: await file("secret", `${SECRET}\n`),
  }
  const { brokerUrl, clientId } = AgentWritApp.fromEnv({ env, retries: 0 })
  expect([brokerUrl, clientId]).toEqual(["https://broker.example", "crm-d2001123b373"])
  expect(() => AgentWritApp.fromEnv({ env, retries: -1 })).toThrow(/retries must be/)
  expect(() => AgentWritApp.fromEnv({ env, retry: 1 } as never)).toThrow(/no option "retry"/)
})

/** The message for an environment that is refused. */
function refusal(env: Record<string, string>): string {
  try {
    AgentWritApp.fromEnv({ env })
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as Error).message
  }
  throw new Error("it was not refused")
}

test("an empty environment names all missing variables at once", () => {
  const all =
    "AGENTWRIT_BROKER_URL is not set; AGENTWRIT_CLIENT_ID is not set; AGENTWRIT_CLIENT_SECRET is not set. " +
    "In place of a variable, …_FILE may name a file that holds its value"
  expect(refusal({})).toBe(all)
  expect(refusal({ AGENTWRIT_BROKER_URL: "", AGENTWRIT_CLIENT_ID: "", AGENTWRIT_CLIENT_SECRET_FILE: "" })).toBe(all)
})

test.each([
  ["a line break", `${SECRET}\n`],
  ["a line break", `${SECRET}\r\n`],
  ["a line break", `${SECRET}\n${SECRET}`],
  ["a blank at an end", ` ${SECRET}`],
  ["a blank at an end", `${SECRET}\t`],
  ["quotes around it", `"${SECRET}"`],
  ["quotes around it", `'${SECRET}'`],
  ["quotes around it", `${SECRET}"`],
])("a secret with %s is named as such, and not shown", (stray, secret) => {
  const message = refusal({ ...ENV, AGENTWRIT_CLIENT_SECRET: secret })
  expect(message).toMatch(new RegExp(`^AGENTWRIT_CLIENT_SECRET has ${stray}: give the value alone`))
  expect(message).not.toContain(SECRET)
  const make = () => new AgentWritApp({ brokerUrl: "https://broker.example", clientId: "c", clientSecret: secret })
  expect(make).toThrow(`clientSecret has ${stray}: give the value alone`)
})

test("files that cannot serve are named by their variable", async () => {
  const { AGENTWRIT_CLIENT_SECRET: _, ...env } = ENV
  const secretFile = (path: string) => refusal({ ...env, AGENTWRIT_CLIENT_SECRET_FILE: path })
  expect(secretFile(join(folder, "none"))).toMatch(
    /^the file of AGENTWRIT_CLIENT_SECRET_FILE cannot be read \(ENOENT\)/,
  )
  expect(secretFile(folder)).toMatch(/cannot be read \(EISDIR\)/)
  expect(secretFile(await file("empty", "\n"))).toMatch(/^the file of AGENTWRIT_CLIENT_SECRET_FILE must be a text/)
  expect(secretFile(await file("two", `${SECRET}\n\n`))).toMatch(/^the file of \w+ has a line break/)
  expect(refusal({ ...ENV, AGENTWRIT_CLIENT_SECRET_FILE: folder })).toMatch(
    /^AGENTWRIT_CLIENT_SECRET and AGENTWRIT_CLIENT_SECRET_FILE are both set/,
  )
})

test("a platform without files says so, and one without an environment has no variables", () => {
  const { AGENTWRIT_CLIENT_SECRET: _, ...env } = ENV
  vi.stubGlobal("process", undefined)
  try {
    expect(refusal({ ...env, AGENTWRIT_CLIENT_SECRET_FILE: "/run/secrets/app" })).toMatch(/there are no files/)
    expect(() => AgentWritApp.fromEnv()).toThrow(/AGENTWRIT_BROKER_URL is not set/)
  } finally {
    vi.unstubAllGlobals()
  }
})
