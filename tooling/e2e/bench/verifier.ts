import { createPrivateKey, createPublicKey, verify } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type Claims, createSigningKey, signToken } from "@agentwrit/core"
import { createVerifier, type Verifier } from "@agentwrit/sdk/verify"
import { type BrokerFolder, brokerFolder, startBroker } from "../src/broker-process.ts"
import { adminToken, agent, call } from "../src/client.ts"

// What verifying costs, beside a bare crypto.verify of the same run, and how long a revocation takes from its commit to the first
// refusal: `npx pnpm@12 bench:verifier`, after a build. On a machine that does something else too, compare the ratios only.

const TOKENS = 40
const ROUNDS = 500
const REVOCATIONS = 1_000

await using folder = await brokerFolder()
const { url } = await startBroker(folder)
const admin = await adminToken(url)
await using verifier = createVerifier({ brokerUrl: url })
await verifier.ready()
await printCost(verifier, folder)
await printRefusal(verifier)

/** Each round does the three things in turn, in milliseconds; of each the quietest round counts, so that little else is measured. */
async function printCost(verifier: Verifier, folder: BrokerFolder): Promise<void> {
  const pem = readFileSync(join(folder.path, "signing.key"))
  const quietest = { bare: Number.POSITIVE_INFINITY, fresh: Number.POSITIVE_INFINITY, seen: Number.POSITIVE_INFINITY }
  for (let round = 0; round < ROUNDS; round++) {
    const tokens = newTokens(pem).map(asFromRequest)
    const publicKey = createPublicKey(pem)
    const signed = tokens.map((token) => {
      const end = token.lastIndexOf(".")
      return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), "base64url")] as const
    })
    const bare = await microseconds(async () => {
      for (const [message, signature] of signed)
        if (!verify(null, message, publicKey, signature)) throw new Error("bad")
    })
    const fresh = await microseconds(async () => {
      for (const token of tokens) await verifier.verify(token)
    })
    const again = tokens.map(asFromRequest)
    const seen = await microseconds(async () => {
      for (const token of again) await verifier.verify(token)
    })
    quietest.bare = Math.min(quietest.bare, bare)
    quietest.fresh = Math.min(quietest.fresh, fresh)
    quietest.seen = Math.min(quietest.seen, seen)
  }
  const { bare, fresh, seen } = quietest
  print("bare crypto.verify", `${bare.toFixed(1)} µs`)
  print("a new token", `${fresh.toFixed(1)} µs, ${(fresh / bare).toFixed(2)} of a bare crypto.verify (reach: 1.3)`)
  print(
    "a token seen before",
    `${seen.toFixed(2)} µs, ${(bare / seen).toFixed(0)} times faster than a bare crypto.verify (reach: 20)`,
  )
}

/** A text of its own, in one piece: neither the parts that a token was joined of, nor the text that the cache holds. */
function asFromRequest(token: string): string {
  return Buffer.from(token).toString()
}

function newTokens(pem: Buffer): string[] {
  const { d = "" } = createPrivateKey(pem).export({ format: "jwk" })
  const key = createSigningKey(Buffer.from(d, "base64url"))
  const now = Math.floor(Date.now() / 1000)
  return Array.from({ length: TOKENS }, () => {
    const hex = crypto.randomUUID().replaceAll("-", "")
    const claims: Claims = {
      iss: "",
      sub: `spiffe://agentwrit.local/agent/crm/t-42/${hex.slice(16)}`,
      exp: now + 300,
      nbf: now,
      iat: now,
      jti: hex,
      kind: "agent",
      scope: ["read:data:customer-7291"],
      task_id: "t-42",
      orch_id: "crm",
    }
    return signToken(claims, key)
  })
}

/** A token for each revocation; from the broker's answer, which follows the commit, to the first refusal here. */
async function printRefusal(verifier: Verifier): Promise<void> {
  // Connections that the broker closed meanwhile are noticed before they are used again.
  await new Promise((resolve) => setTimeout(resolve, 500))
  const times: number[] = []
  for (let at = 0; at < REVOCATIONS; at++) {
    const { access_token, agent_id } = await agent(url, admin)
    await verifier.verify(access_token)
    const json = { level: "agent", target: agent_id }
    const answer = call(url, "POST /v1/revoke", { bearer: admin, json })
    // The feed may be faster than the answer.
    let answered = Number.POSITIVE_INFINITY
    void answer.then(() => {
      answered = performance.now()
    })
    while (await isGood(verifier, access_token)) await new Promise((resolve) => setImmediate(resolve))
    const refused = performance.now()
    await answer
    times.push(Math.max(0, refused - answered))
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => `${(times[Math.ceil(share * times.length) - 1] ?? Number.NaN).toFixed(1)} ms`
  const told = `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)} over ${REVOCATIONS} (reach: p99 50 ms)`
  print("from a revocation's answer to its refusal", told)
}

async function isGood(verifier: Verifier, token: string): Promise<boolean> {
  return verifier.verify(token).then(
    () => true,
    () => false,
  )
}

/** Microseconds for one of {@link TOKENS}. */
async function microseconds(act: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await act()
  const spent = performance.now() - began
  // So that the feed is heard too.
  await new Promise((resolve) => setTimeout(resolve, 5))
  return (spent * 1000) / TOKENS
}

function print(what: string, figure: string): void {
  process.stdout.write(`${what}: ${figure}\n`)
}
