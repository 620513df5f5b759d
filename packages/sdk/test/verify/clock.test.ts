import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent } from "@agentwrit/testing/client"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { testVerifier } from "@agentwrit/testing/verifying"
import { afterEach, expect, test, vi } from "vitest"

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})
afterEach(() => vi.useRealTimers())

test("a verifier that follows the feed takes a fresh token of a broker whose clock is 5 s ahead", async () => {
  const { access_token, agent_id } = await agent(url, admin)
  const { nbf } = tokenPart(access_token, 1)
  vi.useFakeTimers({ toFake: ["Date"], now: (nbf - 5) * 1000 })
  expect((await testVerifier({ brokerUrl: url }).verify(access_token)).sub).toBe(agent_id)
})

test.each([
  [60, /stopped being fresh/],
  [-60, /in the future/],
])("a clock that is wrong by %i s makes the verifier unavailable, and the error says so", async (seconds, fault) => {
  const { access_token } = await agent(url, admin)
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 })
  const verifier = testVerifier({ brokerUrl: url })
  const reason = () => verifier.verify(access_token).catch((error: Error) => error.message)
  await expect.poll(reason).toMatch(fault)
})
