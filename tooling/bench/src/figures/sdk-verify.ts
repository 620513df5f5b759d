import { createPublicKey, randomBytes, verify } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createProof, createSigningKey, type SigningKey } from "@agentwrit/core"
import { createVerifier, type PresentedProof, type Verifier } from "@agentwrit/sdk/verify"
import { startBroker } from "../broker.ts"
import type { Figure, Reach, Row } from "../figure.ts"
import { medianOf, sampleOf } from "../statistics.ts"
import { newToken, readKey } from "../tokens.ts"

/** Tokens of one round. Few, so that other load of the machine falls on all measurements alike. */
const TOKENS = 40

/** Rounds for each run of the profile. A round takes about 10 ms. */
const ROUNDS_PER_RUN = 30

/** Microseconds for one token. */
interface Round {
  readonly bare: number
  readonly fresh: number
  readonly seen: number
  /** Tokens bound to the key of one agent, each with a new proof. */
  readonly boundFresh: number
  readonly boundSeen: number
}

export const sdkVerify: Figure = {
  name: "sdk-verify",
  async measure(bench) {
    const { runs, warmUps } = bench.profile
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    await using verifier = createVerifier({ brokerUrl: broker.url })
    await verifier.ready()
    const agentKey = createSigningKey(randomBytes(32))
    const rounds: Round[] = []
    for (let round = -warmUps * ROUNDS_PER_RUN; round < runs * ROUNDS_PER_RUN; round++) {
      const measured = await measureRound(verifier, folder, agentKey)
      if (round >= 0) rounds.push(measured)
    }
    return [
      row("SDK verify, new token", rounds, ({ fresh }) => fresh, { ratioAtMost: 1.3 }),
      row("SDK verify, token seen before", rounds, ({ seen }) => seen, { ratioAtMost: 0.05 }),
      row("SDK verify, new bound token with its proof", rounds, ({ boundFresh }) => boundFresh, { ratioAtMost: 2.2 }),
      row("SDK verify, bound token seen, new proof", rounds, ({ boundSeen }) => boundSeen, { ratioAtMost: 1.2 }),
    ]
  },
}

async function measureRound(verifier: Verifier, folder: string, agentKey: SigningKey): Promise<Round> {
  const path = join(folder, "signing.key")
  const key = readKey(path)
  const publicKey = createPublicKey(readFileSync(path))
  const tokens = Array.from({ length: TOKENS }, () => asFromRequest(newToken(key)))
  const signed = tokens.map((token) => {
    const end = token.lastIndexOf(".")
    return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), "base64url")] as const
  })
  const again = tokens.map(asFromRequest)
  const boundTokens = tokens.map(() => asFromRequest(newToken(key, agentKey.keyId)))
  const firstProofs = await Promise.all(boundTokens.map((token) => presented(agentKey, token)))
  const nextProofs = await Promise.all(boundTokens.map((token) => presented(agentKey, token)))
  const bare = await microseconds(async () => {
    for (const [message, signature] of signed)
      if (!verify(null, message, publicKey, signature)) throw new Error("a genuine signature does not verify")
  })
  const fresh = await microseconds(async () => {
    for (const token of tokens) await verifier.verify(token)
  })
  const seen = await microseconds(async () => {
    for (const token of again) await verifier.verify(token)
  })
  const boundAgain = boundTokens.map(asFromRequest)
  const boundFresh = await microseconds(async () => {
    for (const [at, token] of boundTokens.entries()) await verifier.verify(token, firstProofs[at])
  })
  const boundSeen = await microseconds(async () => {
    for (const [at, token] of boundAgain.entries()) await verifier.verify(token, nextProofs[at])
  })
  return { bare, fresh, seen, boundFresh, boundSeen }
}

/** A new proof as a request brings it. */
async function presented(key: SigningKey, token: string): Promise<PresentedProof> {
  const request = { method: "GET", url: "https://api.example.com/v1/customers/7291" }
  const jti = randomBytes(16).toString("hex")
  const proof = await createProof(key, { ...request, token, iat: Math.floor(Date.now() / 1000), jti })
  return { proof: asFromRequest(proof), ...request }
}

/** A copy of the text in one piece, as a request brings it: not the text that the cache holds. */
const asFromRequest = (token: string): string => Buffer.from(token).toString()

async function microseconds(act: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await act()
  const spent = performance.now() - began
  // Lets the verifier read its feed.
  await new Promise((resolve) => setImmediate(resolve))
  return (spent * 1000) / TOKENS
}

function row(what: string, rounds: readonly Round[], of: (round: Round) => number, reach: Reach): Row {
  return {
    what,
    unit: "µs",
    measured: sampleOf(rounds.map(of)),
    floor: sampleOf(rounds.map(({ bare }) => bare)),
    ratio: medianOf(rounds.map((round) => of(round) / round.bare)),
    reach: [reach],
  }
}
