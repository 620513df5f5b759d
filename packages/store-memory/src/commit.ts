import { type AuditEvent, chainEvent, type EventDraft } from "@agentwrit/audit"
import {
  type Change,
  type ConflictCode,
  ConflictError,
  REVOCATION_ERA,
  type RevocationEntry,
  type StoredKeyRing,
  type Write,
} from "@agentwrit/authority/ports"
import { revocationDigest } from "@agentwrit/core"
import { type MemoryData, revocationKey } from "./data.ts"
import { UndoLog } from "./undo-log.ts"

type RevokeWrite = Extract<Write, { readonly type: "revoke" }>

/** What a change did. */
export interface Applied {
  readonly events: readonly AuditEvent[]
  /** New entries of the revocation log. */
  readonly entries: readonly RevocationEntry[]
}

/**
 * Applies a change, or nothing of it.
 * @throws {@link ConflictError} when a write's condition does not hold.
 */
export function applyChange(data: MemoryData, { writes, events }: Change, now: number): Applied {
  const undo = new UndoLog()
  try {
    const entries = writes.flatMap((write) => applyWrite(data, write, undo) ?? [])
    return { entries, events: appendEvents(data, events, now) }
  } catch (error) {
    undo.rollBack()
    throw error
  }
}

function appendEvents(data: MemoryData, drafts: readonly EventDraft[], now: number): readonly AuditEvent[] {
  const timestamp = new Date(now).toISOString()
  const edge = data.edge.copy()
  let prevHash = data.headHash
  const events = drafts.map((draft) => {
    const { event, leafHash } = chainEvent(draft, { sequence: edge.size + 1, timestamp, prevHash })
    edge.append(leafHash)
    prevHash = event.hash
    return event
  })
  data.events.push(...events)
  data.headHash = prevHash
  data.edge = edge
  return events
}

function applyWrite(data: MemoryData, write: Write, undo: UndoLog): RevocationEntry | undefined {
  switch (write.type) {
    case "add_app":
      for (const { name } of data.apps.values()) failUnless("app_name_taken", name !== write.app.name)
      for (const { orchIds, deregisteredAt } of data.apps.values()) {
        const isShared = deregisteredAt === undefined && orchIds.some((orchId) => write.app.orchIds.includes(orchId))
        failUnless("orch_id_taken", !isShared)
      }
      undo.set(data.apps, write.app.appId, write.app)
      return undefined
    case "change_app":
      failUnless("app_changed", data.apps.get(write.app.appId)?.revision === write.app.revision - 1)
      undo.set(data.apps, write.app.appId, write.app)
      return undefined
    case "require_app":
      failUnless("app_changed", data.apps.get(write.appId)?.revision === write.revision)
      return undefined
    case "spend_nonce": {
      const nonce = Buffer.from(write.nonce).toString("hex")
      failUnless("nonce_spent", !data.nonces.has(nonce))
      undo.set(data.nonces, nonce, { expiresAt: write.expiresAt })
      return undefined
    }
    case "add_launch_token":
      undo.add(data.launchTokens, write.launchToken.hash, write.launchToken)
      return undefined
    case "use_launch_token": {
      const { hash, at } = write
      const token = data.launchTokens.get(hash)
      if (token === undefined || token.spentAt !== undefined || token.expiresAt <= at)
        throw new ConflictError("launch_token_unusable")
      const used = { ...token, uses: token.uses + 1 }
      undo.set(data.launchTokens, hash, token.singleUse ? { ...used, spentAt: at } : used)
      return undefined
    }
    case "remove_launch_token":
      failUnless("launch_token_unusable", data.launchTokens.has(write.hash))
      undo.delete(data.launchTokens, write.hash)
      return undefined
    case "add_agent": {
      const { agent } = write
      const owners = [...data.apps.values()].filter(({ orchIds }) => orchIds.includes(agent.orchId))
      const isFree = owners.length === 0 || owners.some(({ appId }) => appId === agent.appId)
      failUnless("orch_id_taken", agent.appId === undefined || isFree)
      undo.add(data.agents, agent.agentId, { agent })
      undo.add(data.holders, agent.jti, agent.agentId)
      return undefined
    }
    case "add_token":
      undo.add(data.tokens, write.token.jti, write.token)
      return undefined
    case "replace_token": {
      const { agentId, fromJti, toJti, expiresAt } = write
      const stored = holderOf(data, agentId, fromJti)
      if (stored === undefined || stored.agent.releasedAt !== undefined || stored.revokedAt !== undefined)
        throw new ConflictError("token_superseded")
      undo.set(data.agents, agentId, { agent: { ...stored.agent, jti: toJti, expiresAt } })
      undo.delete(data.holders, fromJti)
      undo.add(data.holders, toJti, agentId)
      return undefined
    }
    case "expire_agent": {
      const { agentId, jti, at } = write
      const stored = holderOf(data, agentId, jti)
      if (stored === undefined || stored.agent.releasedAt !== undefined || stored.expiredAt !== undefined)
        throw new ConflictError("token_superseded")
      undo.set(data.agents, agentId, { ...stored, expiredAt: at })
      return undefined
    }
    case "release_agent": {
      const { agentId, jti, at } = write
      const stored = holderOf(data, agentId, jti)
      if (stored !== undefined)
        undo.set(data.agents, agentId, { ...stored, agent: { ...stored.agent, releasedAt: at } })
      return undefined
    }
    case "revoke":
      return revoke(data, write, undo)
    case "require_unrevoked":
      failUnless("already_revoked", !data.revocations.has(revocationKey("token", write.jti)))
      return undefined
    case "set_key_ring":
      failUnless("key_ring_changed", (data.keyRing?.revision ?? 0) === write.ring.revision - 1)
      setKeyRing(data, write.ring, undo)
      return undefined
    case "seal_app": {
      const app = data.apps.get(write.appId)
      if (app !== undefined && app.mac === undefined) undo.set(data.apps, write.appId, { ...app, mac: write.mac })
      return undefined
    }
    case "seal_launch_token": {
      const token = data.launchTokens.get(write.hash)
      if (token !== undefined && token.mac === undefined)
        undo.set(data.launchTokens, write.hash, { ...token, mac: write.mac })
      return undefined
    }
    case "seal_agent": {
      const stored = data.agents.get(write.agentId)
      if (stored !== undefined && stored.agent.mac === undefined)
        undo.set(data.agents, write.agentId, { ...stored, agent: { ...stored.agent, mac: write.mac } })
      return undefined
    }
    case "begin_era":
      for (const [appId, { mac: _, ...app }] of data.apps) undo.set(data.apps, appId, app)
      for (const [agentId, stored] of data.agents) {
        const { mac: _, ...agent } = stored.agent
        undo.set(data.agents, agentId, { ...stored, agent })
      }
      for (const hash of [...data.launchTokens.keys()]) undo.delete(data.launchTokens, hash)
      for (const [key, entry] of data.revocations)
        undo.set(data.revocations, key, { ...entry, seq: entry.seq + REVOCATION_ERA })
      moveHead(data, data.revocationHead + REVOCATION_ERA, undo)
      setKeyRing(data, undefined, undo)
      return undefined
  }
}

function revoke(
  data: MemoryData,
  { revocation, once = false }: RevokeWrite,
  undo: UndoLog,
): RevocationEntry | undefined {
  const { level, target, revokedAt, before, alone, expiresAt, pruneAfter } = revocation
  const holder = data.agents.get(data.holders.get(target) ?? "")
  if (level === "token" && !once && holder !== undefined && holder.revokedAt === undefined)
    undo.set(data.agents, holder.agent.agentId, { ...holder, revokedAt })
  const key = revocationKey(level, target)
  const existing = data.revocations.get(key)
  if (existing !== undefined) {
    if (once) throw new ConflictError("already_revoked")
    const isLonger = (existing.expiresAt ?? Infinity) < (expiresAt ?? Infinity)
    const isLater = existing.before !== undefined && before !== undefined && existing.before < before
    const isWider = existing.alone === true && !alone
    if (!isLonger && !isLater && !isWider) return undefined
  }
  moveHead(data, data.revocationHead + 1, undo)
  const digest = revocationDigest(level, target)
  const entry = {
    seq: data.revocationHead,
    level,
    digest,
    ...(before !== undefined && { before }),
    ...(alone && { alone }),
    expiresAt,
    pruneAfter,
  }
  undo.set(data.revocations, key, { ...entry, revokedAt })
  return entry
}

/** The agent, if that is its current token. */
const holderOf = (data: MemoryData, agentId: string, jti: string) =>
  data.holders.get(jti) === agentId ? data.agents.get(agentId) : undefined

function moveHead(data: MemoryData, head: number, undo: UndoLog): void {
  const before = data.revocationHead
  data.revocationHead = head
  undo.push(() => {
    data.revocationHead = before
  })
}

function setKeyRing(data: MemoryData, ring: StoredKeyRing | undefined, undo: UndoLog): void {
  const before = data.keyRing
  data.keyRing = ring
  undo.push(() => {
    data.keyRing = before
  })
}

function failUnless(code: ConflictCode, holds: boolean): void {
  if (!holds) throw new ConflictError(code)
}
