import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent } from "@agentwrit/testing/client"
import { testVerifier } from "@agentwrit/testing/verifying"
import { afterEach, expect, test, vi } from "vitest"

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})
afterEach(() => vi.useRealTimers())

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
