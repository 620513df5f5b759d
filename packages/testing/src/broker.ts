import { generateKeyPairSync, type KeyObject } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { formatVerifierKey, verifierKeyOf } from "@agentwrit/audit"
import {
  type Authority,
  type AuthoritySettings,
  auditOrigin,
  type CheckpointAnchor,
  type Clock,
  createAdminSecret,
  memoryAuditCustody,
  memoryCustody,
  type Observer,
  openAuthority,
  type Store,
} from "@agentwrit/authority"
import { type BrokerApp, type BrokerOptions, createBroker, Metrics } from "@agentwrit/broker"
import { createSigningKey, decodeBase64Url, type SigningKey } from "@agentwrit/core"
import { MemoryStore } from "@agentwrit/store-memory"
import { createAdaptorServer } from "@hono/node-server"
import { afterAll, beforeAll } from "vitest"
import { ADMIN_SECRET } from "./broker-process.ts"
import { adminToken, freshAddress } from "./client.ts"
import { TEST_SETTINGS } from "./settings.ts"

/** A broker that runs inside the test's own process and answers real HTTP on a free port of 127.0.0.1. */
export interface TestBroker extends AsyncDisposable {
  readonly url: string
  readonly app: BrokerApp
  readonly authority: Authority
  /** The key that signs its tokens. */
  readonly signingKey: KeyObject
  /** The key that verifies its checkpoints, in the form of `audit.pub`. */
  readonly verifierKey: string
}

/** How a broker in this process differs from the default one. */
export interface TestBrokerOptions {
  readonly settings?: Partial<AuthoritySettings>
  /** Default: a new key. */
  readonly signingKey?: KeyObject
  /** Default: the system's clock, also while a test fakes the time of this process. */
  readonly clock?: Clock
  /** Closed with the broker. Default: a store in memory. */
  readonly store?: Store
  /** The operator's secret, or its bcrypt hash. Default: {@link ADMIN_SECRET}. */
  readonly adminSecret?: string
  /** Observes the authority. Default: the metrics. */
  readonly observer?: Observer
  readonly app?: Partial<Omit<BrokerOptions, "authority">>
  /** Signs checkpoints. Default: a new key. */
  readonly auditKey?: SigningKey
  /** Keeps checkpoints outside the store. Default: it keeps none. */
  readonly anchor?: CheckpointAnchor
  /** Starts a server for the app. Default: Hono's server with the defaults of Node. */
  readonly listen?: (app: BrokerApp) => Promise<TestServer>
}

/** A listening server. */
export interface TestServer {
  readonly port: number
  stop(): Promise<void>
}

const { now } = Date
const elapsed = performance.now.bind(performance)

/** The system's clock, which fake timers do not change. */
const realClock: Clock = { now, elapsed }

/**
 * Starts a broker in this process. Far faster than a separate process: use it unless the process itself is under
 * test.
 */
export async function startTestBroker(options: TestBrokerOptions = {}): Promise<TestBroker> {
  const { settings, clock = realClock, adminSecret = ADMIN_SECRET, listen = listenByHono } = options
  const { signingKey = generateKeyPairSync("ed25519").privateKey } = options
  const { auditKey = createSigningKey(crypto.getRandomValues(new Uint8Array(32))) } = options
  const metrics = new Metrics()
  const authority = await openAuthority({
    settings: { ...TEST_SETTINGS, ...settings },
    store: options.store ?? new MemoryStore({ clock }),
    keys: memoryCustody(createSigningKey(seedOf(signingKey))),
    auditKey,
    auditCustody: memoryAuditCustody(),
    adminSecret: createAdminSecret(adminSecret),
    anchor: options.anchor ?? { kept: async () => undefined, keep: async () => undefined },
    observer: options.observer ?? metrics.observer,
    clock,
  })
  const app = createBroker({
    authority,
    metrics,
    version: "2.0.0",
    // Each client names its address, so that tests do not share rate limits.
    isTrustedProxy: () => true,
    onBug: (error) => {
      throw error
    },
    ...options.app,
  })
  const server = await listen(app)
  return {
    url: `http://127.0.0.1:${server.port}`,
    app,
    authority,
    signingKey,
    verifierKey: formatVerifierKey(verifierKeyOf(auditOrigin(TEST_SETTINGS.trustDomain), auditKey.publicKey)),
    async [Symbol.asyncDispose]() {
      authority.endFollowing()
      await server.stop()
      await authority.close()
    },
  }
}

const seedOf = (key: KeyObject) => decodeBase64Url(key.export({ format: "jwk" }).d ?? "")

async function listenByHono(app: BrokerApp): Promise<TestServer> {
  const server = createAdaptorServer({ fetch: app.fetch })
  // A request without a client address gets a new one, so that tests do not share rate limits.
  server.prependListener("request", ({ headers, rawHeaders }: IncomingMessage) => {
    if (headers["x-forwarded-for"] === undefined) rawHeaders.push("X-Forwarded-For", freshAddress())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      if ("closeAllConnections" in server) server.closeAllConnections()
      await closed
    },
  }
}

/** A broker in this process, and an operator's token. */
export interface SharedTestBroker {
  readonly broker: TestBroker
  readonly url: string
  readonly admin: string
}

/** Gives all tests of a file one broker in this process; it stops after the last test. */
export function shareTestBroker(
  use: (shared: SharedTestBroker) => void | Promise<void>,
  options: TestBrokerOptions = {},
): void {
  let broker: TestBroker
  beforeAll(async () => {
    broker = await startTestBroker(options)
    const { url } = broker
    await use({ broker, url, admin: await adminToken(url) })
  })
  afterAll(async () => broker[Symbol.asyncDispose]())
}
