import { join } from "node:path"
import type { SigningKey } from "@agentwrit/core"
import { createVerifier, type Verifier } from "@agentwrit/sdk/verify"
import { adminToken, post, startBroker } from "../broker.ts"
import type { Figure, Reach, Row } from "../figure.ts"
import { percentile, sampleOf } from "../statistics.ts"
import { newToken, readKey } from "../tokens.ts"

/** How many verifiers follow the feed, and how long the slowest may take in milliseconds. */
const CROWDS: readonly { readonly verifiers: number; readonly reach: Reach }[] = [
  { verifiers: 1, reach: { atMost: 50 } },
  { verifiers: 200, reach: { atMost: 250 } },
]

export const refusal: Figure = {
  name: "refusal",
  async measure(bench) {
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    const bearer = await adminToken(broker.url)
    const key = readKey(join(folder, "signing.key"))
    const rows: Row[] = []
    for (const { verifiers, reach } of CROWDS) {
      await using crowd = await connect(broker.url, verifiers)
      const times: number[] = []
      for (let at = 0; at < bench.profile.refusals; at++)
        times.push(await refusalTime(broker.url, bearer, key, crowd.all))
      const sorted = Float64Array.from(times).sort()
      const named = verifiers === 1 ? "a connected verifier" : `the last of ${verifiers} connected verifiers`
      const measured = sampleOf([percentile(sorted, 0.99)])
      rows.push(
        { what: `revoking to refusal at ${named}, p99`, unit: "ms", measured, reach: [reach] },
        { what: `the same, p50`, unit: "ms", measured: sampleOf(times), reach: [] },
      )
    }
    return rows
  },
}

async function connect(brokerUrl: string, count: number) {
  const all = Array.from({ length: count }, () => createVerifier({ brokerUrl }))
  await Promise.all(all.map((verifier) => verifier.ready()))
  return {
    all,
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((verifier) => verifier.close()))
    },
  }
}

/** Milliseconds from sending a revocation, its commit included, to the refusal by the last verifier. */
async function refusalTime(
  url: string,
  bearer: string,
  key: SigningKey,
  verifiers: readonly Verifier[],
): Promise<number> {
  const token = newToken(key)
  const { jti } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { jti: string }
  await Promise.all(verifiers.map((verifier) => verifier.verify(token)))
  const began = performance.now()
  const answered = post(url, "/v1/revoke", { level: "token", target: jti }, bearer)
  let unaware = verifiers
  while (unaware.length > 0) {
    await new Promise((resolve) => setImmediate(resolve))
    const good = await Promise.all(unaware.map((verifier) => isGood(verifier, token)))
    unaware = unaware.filter((_, index) => good[index])
  }
  const took = performance.now() - began
  await answered
  return took
}

const isGood = (verifier: Verifier, token: string): Promise<boolean> =>
  verifier.verify(token).then(
    () => true,
    () => false,
  )
