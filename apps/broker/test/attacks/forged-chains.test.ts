import { call } from "@agentwrit/testing/client"
import { CHAIN_FORGERIES, chainHashOf, chainOf } from "@agentwrit/testing/forged-chains"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { delegationChain, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { describe, expect, test } from "vitest"
import { shareWireBroker, type WireBroker } from "../wire/wire-broker.ts"

// Stronger than any real attack: each token is signed by the broker's own key, and only its chain is false.

let broker: WireBroker
let url: string
/** Two tokens, each with a chain of three. */
let tokens: string[] = []

shareWireBroker(async (shared) => {
  ;({ broker, url } = shared)
  tokens = []
  for (let time = 0; time < 2; time++) tokens.push((await delegationChain(url, shared.admin, 3)).tokens[3] ?? "")
})

/** Both verdicts on a token: the broker's, and the code of a resource server's verifier. */
async function verdicts(
  verifier: ReturnType<typeof testVerifier>,
  token: string,
): Promise<[valid: boolean, verdict: string]> {
  const { body } = await call(url, "POST /v1/token/validate", { json: { token } })
  return [body.valid, await verdict(verifier, token)]
}

const refused = [
  false,
  expect.stringMatching(
    /^(invalid_claims|invalid_delegation|bad_delegation_signature|chain_hash_mismatch|scope_widened)$/,
  ),
]

describe("a token whose chain is", () => {
  test.each(CHAIN_FORGERIES)("%s is refused by broker and verifier", async (_, forge) => {
    const verifier = testVerifier({ brokerUrl: url })
    const [token = "", another = ""] = tokens
    const delegation_chain = forge(chainOf(token), chainOf(another))
    const claims = { ...tokenPart(token, 1), delegation_chain }
    for (const chain_hash of [chainHashOf(delegation_chain), claims.chain_hash]) {
      const forged = signedByBroker(broker, tokenPart(token, 0), { ...claims, chain_hash })
      expect(await verdicts(verifier, forged)).toEqual(refused)
    }
  })

  test("genuine is accepted by both", async () => {
    const [token = ""] = tokens
    const again = signedByBroker(broker, tokenPart(token, 0), tokenPart(token, 1))
    expect(again).toBe(token)
    expect(await verdicts(testVerifier({ brokerUrl: url }), again)).toEqual([true, tokenPart(token, 1).sub])
  })

  // The rest is a sound chain, so only the hash over the whole chain shows the cut.
  test("cut at its end is refused by both", async () => {
    const [token = ""] = tokens
    const claims = { ...tokenPart(token, 1), delegation_chain: chainOf(token).slice(0, -1) }
    const forged = signedByBroker(broker, tokenPart(token, 0), claims)
    expect(await verdicts(testVerifier({ brokerUrl: url }), forged)).toEqual(refused)
  })
})
