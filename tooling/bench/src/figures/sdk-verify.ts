import { createPublicKey, verify } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createVerifier, type Verifier } from "@agentwrit/sdk/verify"
import { startBroker } from "../broker.ts"
import type { Figure, Reach, Row } from "../figure.ts"
import { medianOf, sampleOf } from "../statistics.ts"
import { newToken, readKey } from "../tokens.ts"

/** Tokens of one round. Few, so that other load of the machine falls on all three measurements alike. */
const TOKENS = 40

/** Rounds for each run of the profile. A round takes about 10 ms. */
const ROUNDS_PER_RUN = 30

/** Microseconds for one token. */
interface Round {
  readonly bare: number
  readonly fresh: number
  readonly seen: number
}

export const sdkVerify: Figure = {
  name: "sdk-verify",
  async measure(bench) {
    const { runs, warmUps } = bench.profile
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    await using verifier = createVerifier({ brokerUrl: broker.url })
    await verifier.ready()
    const rounds: Round[] = []
    for (let round = -warmUps * ROUNDS_PER_RUN; round < runs * ROUNDS_PER_RUN; round++) {
      const measured = await measureRound(verifier, folder)
      if (round >= 0) rounds.push(measured)
    }
    return [
      row("SDK verify, new token", rounds, ({ fresh }) => fresh, { ratioAtMost: 1.3 }),
      row("SDK verify, token seen before", rounds, ({ seen }) => seen, { ratioAtMost: 0.05 }),
    ]
  },
}

/** Measures all three on the same tokens. */
async function measureRound(verifier: Verifier, folder: string): Promise<Round> {
  const path = join(folder, "signing.key")
  const key = readKey(path)
  const publicKey = createPublicKey(readFileSync(path))
  const tokens = Array.from({ length: TOKENS }, () => asFromRequest(newToken(key)))
  const signed = tokens.map((token) => {
    const end = token.lastIndexOf(".")
    return [Buffer.from(token.slice(0, end)), Buffer.from(token.slice(end + 1), "base64url")] as const
  })
  const again = tokens.map(asFromRequest)
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
  return { bare, fresh, seen }
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
