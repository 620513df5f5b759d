import { createHash, randomBytes } from "node:crypto"
import type { EventDraft } from "@agentwrit/audit"
import type { Agent, App, LaunchToken, Revocation, Store } from "@agentwrit/authority/ports"
import { START } from "./settable-clock.ts"

// Records with unique ids, created at START. Each function takes the fields that matter to the test.

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
    uses: 0,
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
    orchIds: [],
    roles: ["launcher"],
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
    bound: false,
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
    pruneAfter: START + 600_000,
    ...fields,
  }
}

/** Digests of all revocations in hex, in the order of the log. */
export async function revokedDigests({ revocations }: Store): Promise<string[]> {
  const digests: string[] = []
  const following = await revocations.follow(0, {
    append: (entries) => digests.push(...entries.map(({ digest }) => Buffer.from(digest).toString("hex"))),
  })
  following.stop()
  return digests
}

export const digestOf = ({ level, target }: Pick<Revocation, "level" | "target">): string =>
  hash(`agentwrit-revocation-v1:${level}:${target}`)
