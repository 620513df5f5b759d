import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { createVerifyingKey, decodeBase64Url, verifyToken } from "@agentwrit/core"
import { describe, expect, test } from "vitest"
import type { BrokerFolder, BrokerProcess } from "../src/broker-process.ts"
import { agent, call } from "../src/client.ts"
import { signedByBroker, tokenPart } from "../src/forged-tokens.ts"
import { shareBroker } from "../src/shared-broker.ts"

// The attacker of these has more than any can have: each token below is signed by the broker's own key, and only its chain is false.

interface ChainRecord {
  readonly agent: string
  readonly scope: readonly string[]
  readonly delegated_at: string
  readonly signature: string
}

let folder: BrokerFolder
let broker: BrokerProcess
/** Two tokens of the same delegate, each through another chain of three. */
let chains: string[] = []
let verifies: (token: string) => boolean

shareBroker(async (shared) => {
  ;({ folder, broker } = shared)
  const delegate = await agent(broker.url, shared.admin)
  chains = [await delegated(shared.admin, delegate.agent_id), await delegated(shared.admin, delegate.agent_id)]
  const [jwk] = (await call(broker.url, "GET /.well-known/jwks.json")).body.keys
  const key = createVerifyingKey(decodeBase64Url(jwk.x))
  verifies = (token) => {
    try {
      verifyToken(token, () => key)
      return true
    } catch {
      return false
    }
  }
})

async function delegated(admin: string, last: string): Promise<string> {
  const { url } = broker
  const [first, second, third] = [await agent(url, admin), await agent(url, admin), await agent(url, admin)]
  const on = async (bearer: string, delegate_to: string) =>
    (await call(url, "POST /v1/delegate", { bearer, json: { delegate_to, scope: ["read:data:7"] } })).body.access_token
  return on(await on(await on(first.access_token, second.agent_id), third.agent_id), last)
}

const chainOf = (token = ""): ChainRecord[] => tokenPart(token, 1).delegation_chain
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

/** RFC 8785: members in order; everything in them is ASCII. */
const canonical = (record: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))))
const hashOf = (chain: readonly ChainRecord[]): string => sha256(`[${chain.map(canonical).join()}]`)

/** A chain whose every record is signed by a key that is not the broker's. */
function signedBy(key: KeyObject, chain: readonly ChainRecord[]): ChainRecord[] {
  const made: ChainRecord[] = []
  for (const { signature: _, ...record } of chain) {
    const prev = made.length === 0 ? "0".repeat(64) : hashOf(made)
    const text = canonical({ v: "agentwrit-delegation-v1", ...record, prev })
    made.push({ ...record, signature: sign(null, Buffer.from(text), key).toString("hex") })
  }
  return made
}

const other = generateKeyPairSync("ed25519").privateKey

const forgeries: [what: string, forge: (chain: ChainRecord[], another: ChainRecord[]) => ChainRecord[]][] = [
  ["cut at its start", (chain) => chain.slice(1)],
  ["cut in the middle", (chain) => chain.filter((_, at) => at !== 1)],
  ["reordered", ([first, ...rest]) => (first === undefined ? [] : [...rest, first])],
  ["with a record twice", (chain) => [...chain, ...chain.slice(-1)]],
  ["spliced with another token's", (chain, another) => [...chain.slice(0, 1), ...another.slice(1)]],
  ["with another token's last record", (chain, another) => [...chain.slice(0, 2), ...another.slice(2)]],
  ["signed by another key", (chain) => signedBy(other, chain)],
  ["whose last record another key signed", (chain) => [...chain.slice(0, 2), ...signedBy(other, chain).slice(2)]],
  ["with another agent", (chain, another) => chain.map((one, at) => ({ ...one, agent: another[at]?.agent ?? "" }))],
  ["with a wider scope", (chain) => chain.map((one) => ({ ...one, scope: ["read:data:*"] }))],
  ["emptied", () => []],
]

describe("a token whose chain is", () => {
  test.each(forgeries)("%s is refused by broker and verifier alike", async (_, forge) => {
    const [token, another] = chains
    const chain = forge(chainOf(token), chainOf(another))
    const claims = { ...tokenPart(token ?? "", 1), delegation_chain: chain }
    for (const chain_hash of [hashOf(chain), claims.chain_hash]) {
      const forged = signedByBroker(folder, tokenPart(token ?? "", 0), { ...claims, chain_hash })
      const { body } = await call(broker.url, "POST /v1/token/validate", { json: { token: forged } })
      expect([body, verifies(forged)]).toEqual([{ valid: false, error: "token is invalid or expired" }, false])
    }
  })

  test("its own is taken by both, signed as it is", async () => {
    const [token = ""] = chains
    const again = signedByBroker(folder, tokenPart(token, 0), tokenPart(token, 1))
    const { body } = await call(broker.url, "POST /v1/token/validate", { json: { token: again } })
    expect([again === token, body.valid, verifies(again)]).toEqual([true, true, true])
  })

  // What is left is sound by itself, so that only the hash over all of it tells.
  test("cut at its end is refused by both", async () => {
    const [token = ""] = chains
    const chain = chainOf(token).slice(0, -1)
    const forged = signedByBroker(folder, tokenPart(token, 0), {
      ...tokenPart(token, 1),
      delegation_chain: chain,
    })
    const { body } = await call(broker.url, "POST /v1/token/validate", { json: { token: forged } })
    expect([body.valid, verifies(forged)]).toEqual([false, false])
  })
})
