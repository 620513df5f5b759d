import { createHash, randomBytes } from "node:crypto"
import type { EventDraft } from "@agentwrit/audit"
import type { Agent, App, LaunchToken, Revocation } from "../records.ts"
import type { Store } from "../store.ts"

/** An instant that the suite counts from: milliseconds since the Unix epoch. */
export const START: number = Date.UTC(2026, 0, 1)

export const hash = (text: string): string => createHash("sha256").update(text).digest("hex")

export function draft(fields: Partial<EventDraft> = {}): EventDraft {
  return { event_type: "admin_auth", detail: "admin signed in", outcome: "success", ...fields }
}

export function launchToken(fields: Partial<LaunchToken> = {}): LaunchToken {
  return {
    hash: randomBytes(32).toString("hex"),
    agentName: "worker",
    allowedScope: ["read:data:*"],
    maxTtl: 300,
    singleUse: true,
    createdAt: START,
    expiresAt: START + 30_000,
    ...fields,
  }
}

export function app(fields: Partial<App> = {}): App {
  const id = randomBytes(3).toString("hex")
  return {
    appId: `app-crm-${id}`,
    name: `crm-${id}`,
    clientId: `crm-${randomBytes(6).toString("hex")}`,
    secretHash: randomBytes(32).toString("hex"),
    scopes: ["read:data:*"],
    tokenTtl: 1800,
    createdAt: START,
    updatedAt: START,
    revision: 1,
    ...fields,
  }
}

export function agent(fields: Partial<Agent> = {}): Agent {
  return {
    agentId: `spiffe://agentwrit.local/agent/crm/t-1/${randomBytes(8).toString("hex")}`,
    orchId: "crm",
    taskId: "t-1",
    publicKey: new Uint8Array(randomBytes(32)),
    scope: ["read:data:7"],
    ttl: 300,
    jti: randomBytes(16).toString("hex"),
    registeredAt: START,
    expiresAt: START + 300_000,
    ...fields,
  }
}

export function revocation(fields: Partial<Revocation> = {}): Revocation {
  return {
    level: "token",
    target: randomBytes(16).toString("hex"),
    revokedAt: START,
    expiresAt: START + 300_000,
    forgetAt: START + 600_000,
    ...fields,
  }
}

/** Digests of everything that is listed, in hex. */
export async function listedDigests(store: Store): Promise<string[]> {
  const all: string[] = []
  for await (const entries of store.revocations())
    all.push(...entries.map(({ digest }) => Buffer.from(digest).toString("hex")))
  return all
}

export const digestOf = ({ level, target }: Pick<Revocation, "level" | "target">): string =>
  hash(`agentwrit-revocation-v1:${level}:${target}`)
