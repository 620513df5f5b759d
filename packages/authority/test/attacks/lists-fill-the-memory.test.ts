import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before: an app made launch tokens and agents with long lists of scopes. Each answer that listed them had up to 66 MB.

const MAX_PAGE_BYTES = 4 * 1024 * 1024

const scopes = (count: number) =>
  Array.from({ length: count }, (_, at) => `read:data:${String(at).padStart(3, "0")}${"x".repeat(240)}`)

test("no list of launch tokens is larger than 4 MiB, and its total tells of the others", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const policy = { agentName: "worker", allowedScope: scopes(256), ttl: 600 }
  for (let made = 0; made < 80; made++) await on.authority.createAppLaunchToken(CALLER, app.claims, policy)
  for (const list of [await on.authority.listLaunchTokens(), await on.authority.listAppLaunchTokens(app.claims)]) {
    expect(list.total).toBe(80)
    expect(list.launchTokens.length).toBeGreaterThan(60)
    expect(JSON.stringify(list.launchTokens).length).toBeLessThanOrEqual(MAX_PAGE_BYTES)
  }
})

test("no page of agents is larger, and the pages together have all of them", async () => {
  await using on = await testAuthority()
  const requestedScope = scopes(128)
  for (let made = 0; made < 150; made++) await on.agent({ requestedScope })
  const ids = new Set<string>()
  let pages = 0
  for (; ids.size < 150; pages++) {
    const { agents, total } = await on.authority.queryAgents({ limit: 1000, offset: ids.size })
    expect(total).toBe(150)
    expect(JSON.stringify(agents).length).toBeLessThanOrEqual(MAX_PAGE_BYTES)
    for (const { agentId } of agents) ids.add(agentId)
  }
  expect(pages).toBe(2)
})
