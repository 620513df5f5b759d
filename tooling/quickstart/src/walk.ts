import { generateKeyPairSync, sign } from "node:crypto"
import { readFileSync } from "node:fs"
import { type AuditEvent, openCheckpoint, parseVerifierKey, verifyTrail } from "@agentwrit/audit"
import type { DevelopmentFolder } from "./development-folder.ts"

/** Called after each step, with what it did. */
export type OnStep = (step: string, what: string) => void

type Json = Record<string, unknown>

/** Performs the main job on a running broker, over plain HTTP. Throws when a step fails. */
export async function walk(url: string, folder: DevelopmentFolder, onStep: OnStep): Promise<void> {
  const signedIn = await call(url, "POST /v1/admin/auth", 200, { json: { secret: folder.adminSecret } })
  const admin = text(signedIn["access_token"])
  onStep("sign in", `the operator has a token for ${signedIn["expires_in"]} s`)

  const policy = { agent_name: "quickstart", allowed_scope: ["read:data:*"], max_ttl: 300 }
  const launch = await call(url, "POST /v1/admin/launch-tokens", 201, { bearer: admin, json: policy })
  onStep("launch token", `single use, valid until ${launch["expires_at"]}, for read:data:* at most`)

  const { nonce, expires_in } = await call(url, "GET /v1/challenge", 200)
  onStep("challenge", `nonce ${text(nonce).slice(0, 16)}…, valid for ${expires_in} s`)

  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const registered = await call(url, "POST /v1/register", 200, {
    json: {
      launch_token: launch["launch_token"],
      nonce,
      public_key: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64"),
      // The nonce is sent as hex. The agent signs its 32 decoded bytes.
      signature: sign(null, Buffer.from(text(nonce), "hex"), privateKey).toString("base64"),
      orch_id: "quickstart",
      task_id: "first-task",
      requested_scope: ["read:data:customer-7291"],
    },
  })
  onStep("registration", `the agent proved its key and is ${registered["agent_id"]}`)

  const token = text(registered["access_token"])
  const claims: Json = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
  onStep(
    "token",
    `scope ${String(claims["scope"])}, task ${claims["task_id"]}, ${registered["expires_in"]} s, jti ${text(claims["jti"]).slice(0, 8)}…`,
  )

  expect("valid", await valid(url, token), true)
  onStep("validated", "a resource server asked the broker: the token is valid")

  const renewed = text((await call(url, "POST /v1/token/renew", 200, { bearer: token }))["access_token"])
  expect("valid", await valid(url, token), false)
  onStep("renewed", "the agent has a new token; the old one was revoked in the same commit")

  await call(url, "POST /v1/token/release", 204, { bearer: renewed })
  onStep("released", "the agent is done and released its token")

  const refused = await call(url, "POST /v1/token/renew", 403, { bearer: renewed })
  expect("valid", await valid(url, renewed), false)
  onStep("refused", `the released token no longer works: 403 ${refused["error_code"]}, ${refused["detail"]}`)

  const events = await trail(url, admin)
  const note = await checkpoint(url, admin)
  const pinned = parseVerifierKey(readFileSync(folder.verifierKeyPath, "utf8").trim())
  const report = await verifyTrail(events, { checkpoint: openCheckpoint(note, pinned) })
  if (!report.ok) throw new Error(report.message)
  onStep("audit", `${report.count} events: the hash chain and the signed checkpoint are valid`)
}

/** The whole trail, page by page. */
async function trail(url: string, bearer: string): Promise<AuditEvent[]> {
  const events: AuditEvent[] = []
  for (;;) {
    const after = events.at(-1)?.id
    const page = await call(
      url,
      `GET /v1/audit/events?limit=1000${after === undefined ? "" : `&after=${after}`}`,
      200,
      { bearer },
    )
    const found = page["events"] as AuditEvent[]
    events.push(...found)
    if (found.length < 1000) return events
  }
}

async function checkpoint(url: string, bearer: string): Promise<string> {
  const response = await fetch(`${url}/v1/audit/checkpoint`, { headers: { authorization: `Bearer ${bearer}` } })
  expect("GET /v1/audit/checkpoint", response.status, 200)
  return response.text()
}

async function valid(url: string, token: string): Promise<unknown> {
  return (await call(url, "POST /v1/token/validate", 200, { json: { token } }))["valid"]
}

interface CallOptions {
  readonly bearer?: string
  readonly json?: Json
}

async function call(url: string, route: string, status: number, { bearer, json }: CallOptions = {}): Promise<Json> {
  const [method = "", path = ""] = route.split(" ")
  const response = await fetch(url + path, {
    method,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const body = await response.text()
  if (response.status !== status) throw new Error(`${route} answered ${response.status}, not ${status}: ${body}`)
  return body === "" ? {} : JSON.parse(body)
}

function expect(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: expected ${String(wanted)}, found ${String(found)}`)
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new Error(`expected a text, found ${typeof value}`)
  return value
}
