import { generateKeyPairSync, randomBytes, sign } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AuthoritySettings, type Observer, UnavailableError } from "@agentwrit/authority"
import { createSigningKey } from "@agentwrit/core"
import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { startTestBroker } from "@agentwrit/testing/broker"
import { settableClock } from "@agentwrit/testing/settable-clock"
import type { BrokerApp } from "../src/index.ts"

const SECRET = "the operator's own secret"

const signingKey = generateKeyPairSync("ed25519").privateKey
const auditKey = createSigningKey(randomBytes(32))

export interface Setup {
  readonly secret?: string
  readonly settings?: Partial<AuthoritySettings>
  readonly observer?: Observer
}

/**
 * A folder whose broker can be opened, closed and opened again. Only the test advances its clock.
 * @param kind where the state is: in memory, or in the folder's database.
 */
export async function brokerFolder(kind: "memory" | "sqlite" = "memory") {
  const data = new MemoryData()
  const path = await mkdtemp(join(tmpdir(), "agentwrit-broker-"))
  const clock = settableClock()
  let note: string | undefined
  const anchor = { away: false }
  return {
    clock,
    /** While `away`, no checkpoint can be kept outside the database. */
    anchor,
    database: join(path, "data.db"),
    /** The state of a store in memory. */
    data,
    async open({ secret = SECRET, settings, observer }: Setup = {}) {
      const store =
        kind === "memory"
          ? new MemoryStore({ clock, data })
          : await SqliteStore.open({ path: join(path, "data.db"), clock })
      const bugs: unknown[] = []
      const broker = await startTestBroker({
        store,
        clock,
        signingKey,
        auditKey,
        adminSecret: secret,
        anchor: {
          kept: async () => note,
          keep: async (newer) => {
            if (anchor.away) throw new UnavailableError("busy", "the folder is away")
            note = newer
          },
        },
        ...(settings !== undefined && { settings }),
        ...(observer !== undefined && { observer }),
        app: { onBug: (error) => bugs.push(error) },
        // Tests send requests to the app itself.
        listen: async () => ({ port: 0, stop: async () => undefined }),
      })
      return {
        app: broker.app,
        authority: broker.authority,
        bugs,
        maintain: broker.authority.maintain,
        /** Ends like a crash: without the last checkpoint of a clean stop. */
        crash: () => store.housekeeping.close(),
        [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
      }
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

type App = Pick<BrokerApp, "request">

/** One request, in process. */
export async function ask(app: App, route: string, { bearer, json }: { bearer?: string; json?: unknown } = {}) {
  const [method = "GET", path = "/"] = route.split(" ")
  const response = await app.request(path, {
    method,
    headers: { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  const body = text.startsWith("{") ? JSON.parse(text) : undefined
  return { status: response.status, headers: response.headers, text, body }
}

export async function signIn(app: App, secret = SECRET): Promise<string> {
  return (await ask(app, "POST /v1/admin/auth", { json: { secret } })).body.access_token
}

export async function launchToken(app: App, bearer: string, policy: object = {}): Promise<string> {
  const json = { agent_name: "worker", allowed_scope: ["read:data:*"], ttl: 600, ...policy }
  return (await ask(app, "POST /v1/admin/launch-tokens", { bearer, json })).body.launch_token
}

export async function registration(app: App, launchToken: string, changes: object = {}) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const { nonce } = (await ask(app, "GET /v1/challenge")).body
  return {
    launch_token: launchToken,
    nonce,
    orch_id: "crm",
    task_id: "t-42",
    requested_scope: ["read:data:7"],
    public_key: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64"),
    signature: sign(null, Buffer.from(nonce, "hex"), privateKey).toString("base64"),
    ...changes,
  }
}
