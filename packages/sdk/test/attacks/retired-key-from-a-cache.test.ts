import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import { NO_TIMEOUT } from "../verify/feed-proxy.ts"

// Before: a set of keys that was under way, or that a cache kept, brought a retired key back until the next message of
// the feed. Each token of the thief made the verifier fetch that set again.

const time = fakeTimeOfFile()
let url: string
let admin: string
shareTestBroker(
  (shared) => {
    ;({ url, admin } = shared)
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

test("a retired key does not come back with a set that a cache kept", async () => {
  let kept: Response | undefined
  let fetches = 0
  const verifier = testVerifier({
    brokerUrl: url,
    ...NO_TIMEOUT,
    async fetch(input, init) {
      if (!String(input).endsWith("jwks.json")) return fetch(input, init)
      fetches++
      kept ??= await fetch(input, init)
      return kept.clone()
    },
  })
  await time.passUntilSettled(verifier.ready())
  const { access_token: stolen } = await agent(url, admin)
  expect(await time.passUntilSettled(verdict(verifier, stolen))).toMatch(/^spiffe/)
  // The set that the cache keeps has the next key too, so that the verifier goes on with the feed.
  await call(url, "POST /v1/admin/keys/rotate", { bearer: admin, json: {} })
  kept = undefined
  await time.pass(61_000)
  const { keys } = (await call(url, "GET /.well-known/jwks.json")).body
  await call(url, `DELETE /v1/admin/keys/${keys[0].kid}`, { bearer: admin })
  await time.passUntil(async () => (await verdict(verifier, stolen)) === "unknown_key")
  await time.pass(2_000)
  const before = fetches
  expect(await time.passUntilSettled(verdict(verifier, stolen))).toBe("unknown_key")
  expect(fetches).toBeGreaterThan(before)
  expect(await time.passUntilSettled(verdict(verifier, stolen))).toBe("unknown_key")
})
