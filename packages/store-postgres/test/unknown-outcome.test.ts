import { UnavailableError } from "@agentwrit/authority/ports"
import { draft } from "@agentwrit/testing/fixtures"
import { startTcpProxy } from "@agentwrit/testing/tcp-proxy"
import { describe, expect, test } from "vitest"
import { PostgresStore } from "../src/index.ts"
import { serverUrl, temporarySchema } from "./temporary-schema.ts"

/** A simple query (PostgreSQL protocol, message `Q`) that commits. */
const COMMIT = Buffer.from("Q\0\0\0\x0bcommit\0")

describe.skipIf(serverUrl === "")("a connection that is lost around COMMIT", () => {
  test.each([
    { name: "after the server got it: the change is answered as committed", verdict: "cut", total: 1 },
    { name: "before the server got it: the change is refused, and nothing happened", verdict: "drop", total: 0 },
  ] as const)("$name", async ({ verdict, total }) => {
    await using schema = await temporarySchema()
    const { port } = new URL(schema.url)
    await using proxy = await startTcpProxy(Number(port))
    await using store = await PostgresStore.open({
      url: schema.url.replace(`:${port}/`, `:${proxy.port}/`),
      version: "2.0.0",
    })
    let isCut = false
    proxy.inspect = (sent) => {
      if (isCut || !sent.includes(COMMIT)) return "pass"
      isCut = true
      return verdict
    }
    const [result] = await Promise.allSettled([store.commit({ writes: [], events: [draft()] })])
    expect(isCut).toBe(true)
    expect(result.status).toBe(total === 1 ? "fulfilled" : "rejected")
    if (result.status === "rejected") expect(result.reason).toBeInstanceOf(UnavailableError)
    expect((await store.trail.events({ limit: 10, offset: 0 })).total).toBe(total)
    await store.commit({ writes: [], events: [draft()] })
    expect(await store.trail.size()).toBe(total + 1)
    expect(store.housekeeping.health().writable).toBe(true)
  })
})
