import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { ADMIN_SECRET } from "./broker-process.ts"

/** A complete answer. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as a client without types would.
  readonly body: any
}

export interface CallOptions {
  readonly bearer?: string
  readonly json?: unknown
  readonly raw?: RequestInit["body"]
  readonly headers?: Record<string, string>
}

let calls = 0

/** A new client address for each call (RFC 2544's range), so that tests do not share rate limits. */
export function freshAddress(): string {
  calls++
  return `198.18.${Math.floor(calls / 250) % 250}.${calls % 250}`
}

/** One request, as any HTTP client would make it. */
export async function call(url: string, route: string, options: CallOptions = {}): Promise<Answer> {
  const [method = "GET", path = "/"] = route.split(" ")
  const body = options.json === undefined ? options.raw : JSON.stringify(options.json)
  const headers = {
    "x-forwarded-for": freshAddress(),
    ...(options.bearer !== undefined && { authorization: `Bearer ${options.bearer}` }),
    ...options.headers,
  }
  const init = { method, headers, ...(body !== undefined && { body, duplex: "half" }) } as RequestInit
  const response = await fetch(url + path, init)
  const text = await response.text()
  const json = response.headers.get("content-type")?.includes("json") === true
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: json && text !== "" ? JSON.parse(text) : undefined,
  }
}

export async function adminToken(url: string): Promise<string> {
  const { body } = await call(url, "POST /v1/admin/auth", { json: { secret: ADMIN_SECRET } })
  return body.access_token
}

/** A launch token; `policy` overrides the defaults. */
export async function launchToken(url: string, bearer: string, policy: Record<string, unknown> = {}): Promise<string> {
  const json = { agent_name: "worker", allowed_scope: ["read:data:*"], ttl: 600, ...policy }
  const { status, body, text } = await call(url, "POST /v1/admin/launch-tokens", { bearer, json })
  if (status !== 201) throw new Error(text)
  return body.launch_token
}

export interface AgentKey {
  readonly privateKey: KeyObject
  /** Base64 of the raw 32 bytes. */
  readonly publicKey: string
}

export function agentKey(): AgentKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  return {
    privateKey,
    publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64"),
  }
}

export async function nonce(url: string): Promise<string> {
  return (await call(url, "GET /v1/challenge")).body.nonce
}

/** A valid registration; `changes` override its fields. */
export async function registration(url: string, launchToken: string, changes: Record<string, unknown> = {}) {
  const key = agentKey()
  const challenge = await nonce(url)
  return {
    launch_token: launchToken,
    nonce: challenge,
    public_key: key.publicKey,
    signature: sign(null, Buffer.from(challenge, "hex"), key.privateKey).toString("base64"),
    orch_id: "crm",
    task_id: "t-42",
    requested_scope: ["read:data:7"],
    ...changes,
  }
}

/** Registers an agent: launch token, challenge, registration. */
export async function agent(url: string, bearer: string, changes: Record<string, unknown> = {}) {
  const json = await registration(url, await launchToken(url, bearer), changes)
  const { status, body, text } = await call(url, "POST /v1/register", { json })
  if (status !== 200) throw new Error(text)
  return body as { agent_id: string; access_token: string; expires_in: number }
}

/** All events of the trail. */
export async function trail(url: string, bearer: string): Promise<Record<string, unknown>[]> {
  const events: Record<string, unknown>[] = []
  for (;;) {
    const after = events.length === 0 ? "" : `&after=${String(events.at(-1)?.["id"])}`
    const { body } = await call(url, `GET /v1/audit/events?limit=1000${after}`, { bearer })
    events.push(...body.events)
    if (body.events.length < 1000) return events
  }
}
