import { createHash } from "node:crypto"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"

// Before: a stranger tested names against the digests of the feed, such as those of tasks, by a dictionary.

let url: string
let admin: string
shareTestBroker(
  (shared) => {
    ;({ url, admin } = shared)
  },
  { app: { feedAccess: "verifier" } },
)

const DICTIONARY = ["invoices", "payroll", "layoffs"]
const digestOf = (task: string) =>
  createHash("sha256").update(`agentwrit-revocation-v1:task:${task}`).digest("base64url")

/** The names of the dictionary whose digests the feed lists for this reader. */
async function guessed(headers: Record<string, string>): Promise<string[]> {
  const { text } = await call(url, "GET /v1/revocations", { headers })
  const listed = text.startsWith("{") ? text : JSON.stringify(tokenPart(text, 1))
  return DICTIONARY.filter((name) => listed.includes(digestOf(name)))
}

test("a stranger tests no names against a closed feed, and the verifiers of the SDK go on", async () => {
  const held = await agent(url, admin, { task_id: "layoffs" })
  const json = { name: "api", scopes: ["read:data:*"], roles: ["verifier"] }
  const { client_id, client_secret } = (await call(url, "POST /v1/admin/apps", { bearer: admin, json })).body
  const verifier = testVerifier({ brokerUrl: url, clientId: client_id, clientSecret: client_secret })
  await verifier.ready()
  expect(await verdict(verifier, held.access_token)).toBe(held.agent_id)
  await revoke(url, admin, "task", "layoffs")
  await expect.poll(() => verdict(verifier, held.access_token)).toBe("token_revoked")
  expect(await guessed({})).toEqual([])
  const { access_token } = (await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })).body
  expect(await guessed({ authorization: `Bearer ${access_token}` })).toEqual(["layoffs"])
})
