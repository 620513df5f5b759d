import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ApiServer, startApi } from "../src/api-server.ts"
import { ADMIN_SECRET } from "../src/broker-process.ts"
import { call, launchToken } from "../src/client.ts"
import { registerApp } from "../src/sdk-app.ts"
import { type SharedBroker, shareBroker } from "../src/shared-broker.ts"
import { readSnippets, type SnippetFolder, writeSnippets } from "../src/snippets.ts"

// Every TypeScript example of these pages has the right types, runs against a broker, and prints what it says. In them
// https://broker.example is that broker, and https://api.example.com an API that takes tokens which the broker calls valid.
const DOCUMENTS = ["packages/sdk/README.md", "docs/developer.md", "docs/guarding-apis.md"]

let shared: SharedBroker
shareBroker((broker) => {
  shared = broker
})

describe.each(DOCUMENTS)("%s", async (document) => {
  const snippets = await readSnippets(document)
  let api: ApiServer
  let folder: SnippetFolder
  beforeAll(async () => {
    api = await startApi(async ({ authorization = "" }) => {
      const json = { token: authorization.slice("Bearer ".length) }
      const { body } = await call(shared.url, "POST /v1/token/validate", { json })
      return { status: body.valid ? 200 : 401 }
    })
    const addresses = { "https://broker.example": shared.url, "https://api.example.com": api.origin }
    folder = await writeSnippets(document, snippets, addresses)
  })
  afterAll(async () => {
    await folder[Symbol.asyncDispose]()
    await api[Symbol.asyncDispose]()
  })

  test("every example has the right types", { timeout: 60_000 }, async () => {
    expect(snippets).not.toEqual([])
    expect(await folder.check()).toBe("")
  })

  test.each(snippets.map((snippet, at) => [snippet.name, at, snippet] as const))(
    "the example under %s runs and prints what it says",
    async (_name, at, { printed }) => {
      const { clientId, clientSecret } = await registerApp(shared.url, shared.admin, ["read:data:*", "write:data:*"])
      const environment = {
        ...{ BROKER_URL: shared.url, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, ADMIN_SECRET },
        LAUNCH_TOKEN: await launchToken(shared.url, shared.admin),
      }
      expect(await folder.run(at, environment)).toEqual(printed)
    },
  )
})
