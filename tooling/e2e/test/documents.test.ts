import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type ApiServer, startApi } from "@agentwrit/testing/api-server"
import { operator } from "@agentwrit/testing/awrit"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { type SharedBroker, shareBroker } from "@agentwrit/testing/shared-broker"
import { afterAll, expect, test } from "vitest"
import { blocksOf } from "../src/repository.ts"
import { shell } from "../src/shell.ts"
import { readSnippets, type SnippetFolder, writeSnippets } from "../src/snippets.ts"

// Every TypeScript example of these pages type-checks, runs against the built packages on the oldest Node (on this one
// where that cannot be installed), and prints what its comments say (… matches any text). https://broker.example is
// replaced by a broker, https://api.example.com by an API that accepts its valid tokens.
const DOCUMENTS = [
  "README.md",
  "docs/developer.md",
  "docs/dpop.md",
  "docs/guarding-apis.md",
  "docs/operators-code.md",
  "packages/sdk/README.md",
  "packages/config-file/README.md",
  "packages/authority/README.md",
  "packages/store-memory/README.md",
  "packages/store-sqlite/README.md",
  "apps/broker/README.md",
]

const snippets = (await Promise.all(DOCUMENTS.map((document) => readSnippets(document)))).flat()

let shared: SharedBroker
let api: ApiServer
let folder: SnippetFolder
shareBroker(async (broker) => {
  shared = broker
  api = await startApi(async ({ authorization = "" }) => {
    const json = { token: authorization.split(" ")[1] ?? "" }
    const { body } = await call(shared.url, "POST /v1/token/validate", { json })
    return { status: body.valid ? 200 : 401 }
  })
  const addresses = {
    "https://broker.example": shared.url,
    "http://127.0.0.1:8080": shared.url,
    "https://api.example.com": api.origin,
  }
  folder = await writeSnippets("documents", snippets, addresses)
})
afterAll(async () => {
  await folder[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
})

test("every example has the right types", async () => {
  expect(new Set(snippets.map(({ document }) => document))).toEqual(new Set(DOCUMENTS))
  expect(await folder.check()).toBe("")
})

test.each(snippets.map((snippet, at) => ({ ...snippet, at })))(
  "the example of $document under $name runs and prints what it says",
  async ({ at, printed }) => {
    const { clientId, clientSecret } = await registerApp(shared.url, shared.admin, ["read:data:*", "write:data:*"])
    const environment = {
      ...operator(shared.url),
      AGENTWRIT_BROKER_URL: shared.url,
      AGENTWRIT_CLIENT_ID: clientId,
      AGENTWRIT_CLIENT_SECRET: clientSecret,
    }
    const lines = await folder.run(at, environment)
    expect(lines).toEqual(printed.map((line) => expect.stringMatching(patternOf(line))))
  },
)

test("examples/first-credential is the program that the README shows", async () => {
  const program = await readFile(new URL("../../../examples/first-credential/main.ts", import.meta.url), "utf8")
  expect(snippets.find(({ document }) => document === "README.md")?.text).toBe(program)
})

test("the commands of the README register an app at a development broker", async () => {
  const [, lines = ""] = blocksOf("README.md", "sh")
  const { scripts } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8"))
  const folder = await mkdtemp(join(tmpdir(), "agentwrit-e2e-"))
  try {
    const config = join(folder, "config")
    await writeFile(config, `BROKER_URL=${shared.url}\nADMIN_SECRET=${ADMIN_SECRET}\n`, { mode: 0o600 })
    const root = fileURLToPath(new URL("../../..", import.meta.url))
    const here = lines.replace("$PWD/.agentwrit/config", config).replace("npx pnpm@12 awrit", scripts.awrit)
    const { code, stdout } = await shell(`cd '${root}'\n${here}`, { HOME: folder })
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^client secret +[0-9a-f]{64}/m)])
  } finally {
    await rm(folder, { recursive: true })
  }
})

function patternOf(line: string): RegExp {
  const literal = (part: string): string => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
  return new RegExp(`^${line.split("…").map(literal).join(".+")}$`)
}
