import type { RevocationEntry } from "@agentwrit/authority/ports"
import { digestOf, revocation } from "@agentwrit/testing/fixtures"
import { startTcpProxy } from "@agentwrit/testing/tcp-proxy"
import { describe, expect, test } from "vitest"
import { PostgresStore } from "../src/index.ts"
import { serverUrl, temporarySchema } from "./temporary-schema.ts"

describe.skipIf(serverUrl === "")("where no notification arrives", () => {
  test("the log is read all the same, and this is said once", async () => {
    await using schema = await temporarySchema()
    const { port } = new URL(schema.url)
    await using proxy = await startTcpProxy(Number(port))
    // Another channel of the same length: as through PgBouncer in transaction mode, the server takes it and never tells.
    proxy.inspect = (sent) => {
      const at = sent.indexOf("listen agentwrit")
      if (at >= 0) sent.write("LISTEN x", at, "latin1")
      return "pass"
    }
    let said = 0
    await using deaf = await PostgresStore.open({
      url: schema.url.replace(`:${port}/`, `:${proxy.port}/`),
      version: "2.0.0",
      onPolling: () => void said++,
    })
    await using other = await PostgresStore.open({ url: schema.url, version: "2.0.0" })
    const applied: string[] = []
    await deaf.revocations.follow(0, {
      append: (entries: readonly RevocationEntry[]) =>
        void applied.push(...entries.map(({ digest }) => Buffer.from(digest).toString("hex"))),
    })
    const revoke = async () => {
      const revoked = revocation()
      await other.commit({ writes: [{ type: "revoke", revocation: revoked }], events: [], everywhere: true })
      expect(applied).toContain(digestOf(revoked))
    }
    await revoke()
    await expect.poll(() => said).toBe(1)
    await revoke()
    expect(said).toBe(1)
  })
})
