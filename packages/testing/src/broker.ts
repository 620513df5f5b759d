import { mkdtemp, rm } from "node:fs/promises"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Authority, type AuthoritySettings, createAdminSecret, openAuthority } from "@agentwrit/authority"
import { type BrokerApp, createBroker } from "@agentwrit/broker"
import { createKeyRing, createSigningKey } from "@agentwrit/core"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { createAdaptorServer } from "@hono/node-server"
import { afterAll, beforeAll } from "vitest"
import { ADMIN_SECRET } from "./broker-process.ts"
import { adminToken } from "./client.ts"

/** A broker that runs inside the test's own process and answers real HTTP on a free port of 127.0.0.1. */
export interface TestBroker extends AsyncDisposable {
  readonly url: string
  readonly app: BrokerApp
  readonly authority: Authority
}

const SETTINGS: AuthoritySettings = {
  trustDomain: "agentwrit.local",
  issuer: "",
  defaultTtl: 300,
  maxTtl: 86_400,
  adminTokenTtl: 300,
  appTokenTtl: 1800,
}

/** Starts a broker in this process. Far faster than a process of its own: use it unless the process itself is under test. */
export async function startTestBroker(settings: Partial<AuthoritySettings> = {}): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), "agentwrit-test-"))
  const authority = await openAuthority({
    settings: { ...SETTINGS, ...settings },
    store: await SqliteStore.open({ path: join(folder, "data.db") }),
    keys: createKeyRing({ current: newKey() }),
    auditKey: newKey(),
    adminSecret: createAdminSecret(ADMIN_SECRET),
    anchor: { kept: async () => undefined, keep: async () => undefined },
  })
  const app = createBroker({
    authority,
    version: "2.0.0",
    // A client says where it comes from, so that no test counts towards the limits of another.
    isTrustedProxy: () => true,
    onBug: (error) => {
      throw error
    },
  })
  const server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    authority,
    async [Symbol.asyncDispose]() {
      authority.endFollowing()
      const closed = new Promise((resolve) => server.close(resolve))
      if ("closeAllConnections" in server) server.closeAllConnections()
      await closed
      await authority.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const newKey = () => createSigningKey(crypto.getRandomValues(new Uint8Array(32)))

/** A running broker in this process, and the token of an operator who is signed in. */
export interface SharedTestBroker {
  readonly broker: TestBroker
  readonly url: string
  readonly admin: string
}

/** Gives all tests of a file one broker in this process; it stops after the last test. */
export function shareTestBroker(use: (shared: SharedTestBroker) => void | Promise<void>): void {
  let broker: TestBroker
  beforeAll(async () => {
    broker = await startTestBroker()
    const { url } = broker
    await use({ broker, url, admin: await adminToken(url) })
  })
  afterAll(async () => broker[Symbol.asyncDispose]())
}
