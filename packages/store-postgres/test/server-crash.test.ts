import { type AuditEvent, verifyTrail } from "@agentwrit/audit"
import { draft, revocation } from "@agentwrit/testing/fixtures"
import { startPostgres } from "@agentwrit/testing/postgres"
import { describe, expect, test } from "vitest"
import { PostgresStore } from "../src/index.ts"
import { serverUrl } from "./temporary-schema.ts"

describe.skipIf(serverUrl === "")("a server that crashes", () => {
  test("loses nothing that was answered, and the brokers go on when it is back", async () => {
    await using server = await startPostgres()
    if (server === undefined) throw new Error("PostgreSQL is installed, and did not start")
    const faults: string[] = []
    const open = () =>
      PostgresStore.open({
        url: server.url,
        version: "2.0.0",
        onStalled: ({ code }) => faults.push(code),
        onRecovered: () => faults.push("recovered"),
      })
    await using one = await open()
    await using two = await open()
    for (const store of [one, two]) await store.revocations.follow(0, { append: () => undefined })
    const answered: string[] = []
    let isCrashed = false
    const clients = [one, two].map(async (store, at) => {
      for (let round = 0; !isCrashed; round++) {
        const detail = `${at} ${round}`
        const [result] = await Promise.allSettled([store.commit({ writes: [], events: [draft({ detail })] })])
        if (result.status === "fulfilled") answered.push(detail)
      }
    })
    await expect.poll(() => answered.length).toBeGreaterThan(20)
    await server.stop("immediate")
    // The lease ends by this broker's own clock.
    await expect.poll(() => one.lease.held || two.lease.held).toBe(false)
    isCrashed = true
    await Promise.all(clients)
    expect(one.housekeeping.health().writable && two.housekeeping.health().writable).toBe(false)
    await server.start()
    // Nobody sends a change: the store tries by itself.
    await expect.poll(() => [one, two].every((store) => store.housekeeping.health().writable)).toBe(true)
    await expect.poll(() => one.lease.held && two.lease.held).toBe(true)
    expect(
      await one.commit({ writes: [{ type: "revoke", revocation: revocation() }], events: [], everywhere: true }),
    ).toMatchObject({
      brokers: 2,
    })
    const events: AuditEvent[] = []
    for (let total = 1; events.length < total; ) {
      const page = await one.trail.events({ limit: 1000, offset: events.length })
      events.push(...page.events)
      total = page.total
    }
    expect(await verifyTrail(events)).toMatchObject({ ok: true })
    expect(events.map(({ detail }) => detail)).toEqual(expect.arrayContaining(answered))
    expect(faults).toContain("busy")
    expect(faults).toContain("recovered")
  })
})
