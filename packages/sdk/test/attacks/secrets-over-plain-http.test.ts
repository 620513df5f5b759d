import { delegatedToken } from "@agentwrit/testing/delegated-token"
import { expect, test } from "vitest"
import { AgentWritAdmin } from "../../src/admin/index.ts"
import { AgentWritApp, acceptDelegation, registerAgent } from "../../src/index.ts"
import { createVerifier } from "../../src/verify/index.ts"

// Before: with an http URL of another machine the SDK sent secrets in clear, and trusted the keys that came back.

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }

type Options = { readonly brokerUrl: string; readonly fetch: typeof fetch }

test.each<[what: string, use: (options: Options) => Promise<unknown>]>([
  [
    "a client secret",
    async (options) => new AgentWritApp({ clientId: "c", clientSecret: "s", ...options }).createLaunchToken(TASK),
  ],
  ["an admin secret", async (options) => new AgentWritAdmin({ adminSecret: "s", ...options }).listApps()],
  ["a launch token", async (options) => registerAgent({ launchToken: "l", ...TASK, ...options })],
  ["a token", async (options) => acceptDelegation({ token: delegatedToken(), ...options }).release()],
  [
    "a request for keys",
    async (options) => {
      const verifier = createVerifier(options)
      await verifier.ready()
      await verifier.close()
    },
  ],
])("%s is not sent over http to another machine", async (_, use) => {
  const sent: string[] = []
  const options = {
    brokerUrl: "http://broker.example",
    fetch: async (input: string | URL | Request) => {
      sent.push(String(input))
      return new Response(null, { status: 404 })
    },
  }
  const error: unknown = await use(options).catch((error: unknown) => error)
  expect(sent).toEqual([])
  expect(error).toMatchObject({ name: "TargetError", code: "insecure_target" })
})
