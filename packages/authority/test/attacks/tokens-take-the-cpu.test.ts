import { expect, test } from "vitest"
import { testAuthority } from "../test-authority.ts"

const HOSTILE = { resource: "/v1/token/validate", source: "10.0.0.66" }
const HONEST = { resource: "/v1/token/validate", source: "10.0.0.1" }

/** Tokens that no verification was cached for: those of another authority with the same key. */
async function foreignTokens(count: number): Promise<string[]> {
  await using on = await testAuthority()
  const [{ claims }, delegate] = [await on.agent(), await on.agent()]
  const made = Array.from({ length: count }, () => on.delegate(claims, delegate.agentId))
  return (await Promise.all(made)).map(({ accessToken }) => accessToken)
}

// Before: who sent a thousand tokens with long chains kept every other request waiting for seconds.
test("a source with many unverified tokens keeps others waiting for one or two of its own", async () => {
  const [own = "", ...tokens] = await foreignTokens(101)
  await using on = await testAuthority()
  const answered: (typeof HONEST)[] = []
  const ask = async (caller: typeof HONEST, token: string) => {
    expect(await on.authority.validateToken(caller, token)).toBeDefined()
    answered.push(caller)
  }
  const flood = tokens.map((token) => ask(HOSTILE, token))
  await Promise.all([...flood, ask(HONEST, own)])
  expect(answered.indexOf(HONEST)).toBeLessThanOrEqual(2)
})

test("a source with 4 MiB of unverified tokens is refused, and no other one", async () => {
  const [own = ""] = await foreignTokens(1)
  await using on = await testAuthority()
  const large = "x".repeat(1024 * 1024)
  // One is being verified, and four wait.
  const flood = Array.from({ length: 5 }, () => on.authority.validateToken(HOSTILE, large))
  const beyond = { code: "rate_limited", retryAfter: 1 }
  // Side by side, because what waits is verified meanwhile.
  const refused = [
    on.authority.validateToken(HOSTILE, large),
    on.authority.authenticate(HOSTILE, large, { kinds: ["agent"] }),
  ]
  for (const one of refused) await expect(one).rejects.toMatchObject(beyond)
  expect(await on.authority.validateToken(HONEST, own)).toBeDefined()
  expect(await Promise.all(flood)).toEqual(Array(5).fill(undefined))
  expect(await on.authority.validateToken(HOSTILE, large)).toBeUndefined()
})

// Before: eight sources filled the queue with 32 MiB, and every other source was refused.
test("sources that fill the queue push out none of a source with nothing waiting, but their own newest", async () => {
  const [own = ""] = await foreignTokens(1)
  await using on = await testAuthority()
  const large = "x".repeat(1024 * 1024)
  const from = (source: string) => ({ ...HOSTILE, source })
  // The first is being verified; the others fill the queue.
  const flood = Array.from({ length: 33 }, (_, nth) => on.authority.validateToken(from(`10.0.1.${nth % 9}`), large))
  const all = Promise.allSettled(flood)
  expect(await on.authority.validateToken(HONEST, own)).toBeDefined()
  const ended = await all
  const refused = ended.flatMap((one, nth) => (one.status === "rejected" ? [[nth, one.reason]] : []))
  expect(refused).toMatchObject([[expect.any(Number), { code: "rate_limited", retryAfter: 1 }]])
})
