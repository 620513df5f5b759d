import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before: an event quoted every scope of a request, up to 39 KB, and a page of 1,000 events had 38.7 MB.
test("a long list of scopes is its number, its first members and its hash in the trail", async () => {
  await using on = await testAuthority()
  const scopes = Array.from({ length: 500 }, (_, index) => `read:data:${"x".repeat(60)}-${index}`)
  await on.agent({ requestedScope: scopes }, { allowedScope: scopes })
  const issued = (await on.events()).filter(({ event_type }) => /^(launch_)?token_issued$/.test(event_type))
  expect(issued).toHaveLength(2)
  for (const { detail } of issued) {
    expect(Buffer.byteLength(detail)).toBeLessThanOrEqual(1024)
    expect(detail).toMatch(/500 scopes \(read:data:x+-0 .*…; SHA-256 [\w-]{43}\)/)
  }
})

test("no detail has more than 1,024 bytes, and none is cut within a character", async () => {
  await using on = await testAuthority()
  // 700 two-byte characters between ASCII ones.
  await on.authority.createLaunchToken(CALLER, on.operator, {
    agentName: `x${"ä".repeat(700)}`,
    allowedScope: ["read:data:*"],
  })
  const { detail = "" } = (await on.events()).at(-1) ?? {}
  expect(Buffer.byteLength(detail)).toBeGreaterThan(1020)
  expect(Buffer.byteLength(detail)).toBeLessThanOrEqual(1024)
  expect(detail).toMatch(/ä…$/)
})
