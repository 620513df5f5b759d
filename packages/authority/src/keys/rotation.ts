import type { AuditEventType, EventDraft } from "@agentwrit/audit"
import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { type HeldKeys, type KeyAlgorithm, type KeyUse, USE_OF } from "../ports/key-custody.ts"
import type { RingKey, StoredKeyRing } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { custodyRefusal } from "./custody-refusal.ts"
import { recentlyRetired } from "./signing-keys.ts"

/** A signing key as operators see it. Instants are milliseconds since the Unix epoch. */
export interface KeyView extends Omit<RingKey, "jwk"> {
  readonly kid: string
  readonly alg: KeyAlgorithm
}

/** How a key is rotated. */
export interface KeyRotationRequest {
  /** Default: `EdDSA`, the key of native tokens. */
  readonly alg?: KeyAlgorithm
  /** Seconds for which the new key is published before it signs; 0 only with `force`. Default: 300. */
  readonly signsIn?: number
  /** Allows a new key that no verifier knows yet to sign at once. Default: false. */
  readonly force?: boolean
}

/** A key that was retired. */
export interface RetiredKey {
  readonly kid: string
  readonly status: "retired"
  readonly retiredAt: number
}

/** Who changes the ring. Absent: the broker itself, on time. */
interface Author {
  readonly caller: Caller
  readonly operator: Claims
}

/** How long verifiers cache the set of keys, in seconds (CONTRACT 9). */
const DEFAULT_SIGNS_IN_S = 300

/** With more keys the set grows too large for a verifier's request (CONTRACT 9). */
const MAX_RING_KEYS = 16

/** How long a message of the feed may be under way to a verifier that does not know the new key yet. */
const FEED_GRACE_MS = 10_000

const DAY_MS = 86_400_000

const USES: readonly KeyUse[] = ["native", "oauth"]

/** Every signing key, the current ones first (CONTRACT 9, `GET /v1/admin/keys`). */
export async function listKeys({ keys }: AuthorityContext): Promise<readonly KeyView[]> {
  return keys.published().flatMap(({ kid }) => keys.stored.keys.filter(({ jwk }) => jwk.kid === kid).map(viewOf))
}

/**
 * Publishes a new key, which signs after `signsIn` seconds (CONTRACT 9, `POST /v1/admin/keys/rotate`). With `force` and
 * `signsIn` 0 it signs at once, or the one that is published already does.
 */
export async function rotateKey(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  { alg = "EdDSA", signsIn = DEFAULT_SIGNS_IN_S, force = false }: KeyRotationRequest = {},
): Promise<KeyView> {
  if (signsIn === 0 && !force)
    throw new Refusal("invalid_request", {
      detail: "signs_in 0 needs force",
      hint: "verifiers that hold the set of keys do not know the new key yet: leave signs_in out, or send force: true",
    })
  const by = { caller, operator }
  const rotated = await context.keys.rotating(async () => {
    const use = USE_OF[alg]
    const pending = context.keys.of(use, "next")
    if (pending === undefined) await publishNext(context, alg, signsIn * 1000, by)
    else if (signsIn > 0 || !force || pending.jwk.alg !== alg) throw underWay(pending)
    if (signsIn === 0) await beginSigning(context, use, by)
    return viewOf(context.keys.of(use, signsIn === 0 ? "current" : "next") as RingKey)
  })
  if (rotated === undefined) throw new Refusal("conflict", { detail: "another rotation is under way" })
  return rotated
}

/**
 * Ends a key with all that it signed (CONTRACT 9, `DELETE /v1/admin/keys/{kid}`). When it signs, the next key of its use
 * signs at once, or a new one. `undefined` is the id of no key.
 */
export async function retireKey(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  kid: string | undefined,
): Promise<RetiredKey> {
  const { keys, clock } = context
  return keys.inTurn(async () => {
    const key = keys.stored.keys.find(({ jwk }) => jwk.kid === kid)
    if (key === undefined)
      throw new Refusal("not_found", { detail: "there is no such key", hint: "list the keys to see their ids" })
    const by = { caller, operator }
    if (key.state === "current" && keys.of(key.use, "next") === undefined)
      await publishNext(context, key.jwk.alg, 0, by, { isUrgent: true })
    const retiredAt = clock.now()
    const retired = { keyId: key.jwk.kid, at: retiredAt }
    if (key.state === "current") await beginSigning(context, key.use, by, retired)
    else await change(context, without(keys.stored, key, retired), [retirement(key, by)], { isUrgent: true })
    if (key.state === "next") keys.hold(await context.custody.discard(key.use))
    return { kid: key.jwk.kid, status: "retired", retiredAt }
  })
}

/**
 * Does what is due: a next key signs, a previous key goes when all that it signed has expired, and a key that is older
 * than the operator's schedule allows is rotated.
 * @param past an instant that is past for certain: no key goes because the clock was stepped forward.
 */
export async function advanceKeys(context: AuthorityContext, past: number): Promise<void> {
  const { keys, clock, settings, store } = context
  const now = clock.now()
  const advance = async () => {
    for (const use of USES) if (isDue(context, use)) await beginSigning(context, use)
    const ended = keys.stored.keys.filter(({ verifiesUntil = Infinity }) => verifiesUntil <= past)
    if (ended.length > 0)
      await change(
        context,
        { ...keys.stored, keys: keys.stored.keys.filter((key) => !ended.includes(key)) },
        ended.map(({ jwk }) => keyEvent("key_retired", `key ${jwk.kid} goes: all that it signed has expired`)),
      )
    for (const use of USES) {
      const current = keys.of(use, "current")
      const age = current === undefined ? 0 : now - (current.signsFrom ?? current.createdAt)
      const { keyRotationDays = 0 } = settings
      if (current === undefined || keyRotationDays === 0 || age < keyRotationDays * DAY_MS) continue
      if (keys.of(use, "next") === undefined) await publishNext(context, current.jwk.alg, DEFAULT_SIGNS_IN_S * 1000)
    }
  }
  await store.housekeeping.withLease("keys", () => keys.inTurn(advance))
}

/** When {@link advanceKeys} next has something to do, in milliseconds since the Unix epoch. */
export function nextAdvance({ keys, settings: { keyRotationDays = 0 } }: AuthorityContext): number {
  const times = keys.stored.keys.map(({ use, state, createdAt, signsFrom = createdAt, verifiesUntil = Infinity }) => {
    if (state === "next") return signsFrom
    if (state === "previous") return verifiesUntil
    const isRotating = keyRotationDays === 0 || keys.of(use, "next") !== undefined
    return isRotating ? Infinity : signsFrom + keyRotationDays * DAY_MS
  })
  return Math.min(...times)
}

/** Whether the next key of a use is to sign. After a crash it may be in its place already. */
function isDue({ keys, clock }: AuthorityContext, use: KeyUse): boolean {
  const next = keys.of(use, "next")
  if (next === undefined) return false
  return (next.signsFrom ?? 0) <= clock.now() || keys.held[use].current?.keyId === next.jwk.kid
}

/** Makes the next key of an algorithm's use and publishes it. It is durable before the ring names it. */
async function publishNext(
  context: AuthorityContext,
  alg: KeyAlgorithm,
  signsInMs: number,
  by?: Author,
  options: { readonly isUrgent?: boolean } = {},
): Promise<void> {
  const { keys, custody, clock } = context
  const use = USE_OF[alg]
  if (keys.stored.keys.length >= MAX_RING_KEYS && !options.isUrgent)
    throw new Refusal("conflict", {
      detail: `the ring has ${MAX_RING_KEYS} keys, which is the most`,
      hint: "wait until a previous key goes, or retire one: awrit key list says when each goes",
    })
  const held = await createNext(context, alg)
  const next = held[use].next
  if (next === undefined) throw new TypeError("the custody of keys made no key")
  const signsFrom = clock.now() + signsInMs
  const key: RingKey = { jwk: next.jwk, use, state: "next", createdAt: next.createdAt, signsFrom }
  const detail = `key ${next.keyId} (${alg}) is published and signs from ${new Date(signsFrom).toISOString()}`
  const changed = { ...keys.stored, keys: [...keys.stored.keys, key] }
  try {
    await change(context, changed, [keyEvent("key_rotated", detail, by)], options)
  } catch (error) {
    keys.hold(await custody.discard(use))
    throw error
  }
  keys.hold(held)
}

async function createNext({ custody }: AuthorityContext, alg: KeyAlgorithm): Promise<HeldKeys> {
  try {
    return await custody.create(alg)
  } catch (error) {
    throw custodyRefusal("signing key", error)
  }
}

/**
 * Lets the next key of a use sign. The key before it verifies until all that it signed has expired, or goes at once.
 * @param retired the key before it, when it is retired.
 */
async function beginSigning(
  context: AuthorityContext,
  use: KeyUse,
  by?: Author,
  retired?: StoredKeyRing["retired"][number],
): Promise<void> {
  const { keys, custody, clock } = context
  // The new key signs from here on, so what the former one signed is known in full. It is published already: a crash
  // before the commit leaves a ring that verifies both, and the next start goes on here.
  const held = await custody.promote(use).catch((error: unknown) => {
    throw custodyRefusal("signing key", error)
  })
  const former = keys.of(use, "current")
  const next = keys.of(use, "next")
  if (next === undefined) return
  if (held[use].current?.keyId !== next.jwk.kid) return refuseLost(context, next)
  keys.hold(held)
  const now = clock.now()
  const verifiesUntil = former && Math.max(keys.signedUntil(former.jwk.kid), now + FEED_GRACE_MS)
  const moved = keys.stored.keys.map((key): RingKey => {
    if (key === next) return { ...key, state: "current", signsFrom: now }
    return key === former && verifiesUntil !== undefined ? { ...key, state: "previous", verifiesUntil } : key
  })
  const ring = { ...keys.stored, keys: moved }
  const replaced =
    verifiesUntil === undefined
      ? ""
      : `; key ${former?.jwk.kid} ${retired === undefined ? `verifies until ${new Date(verifiesUntil).toISOString()}` : "is retired"}`
  const signs = keyEvent("key_rotated", `key ${next.jwk.kid} (${next.jwk.alg}) signs${replaced}`, by)
  if (former === undefined || retired === undefined) return change(context, ring, [signs])
  await change(context, without(ring, former, retired), [signs, retirement(former, by)], { isUrgent: true })
}

/** Takes a next key out of the ring whose private half is gone, for example a deleted file, so that a new one is made. */
async function refuseLost(context: AuthorityContext, next: RingKey): Promise<never> {
  const { stored } = context.keys
  await change(context, { ...stored, keys: stored.keys.filter((key) => key !== next) }, [
    keyEvent("key_retired", `key ${next.jwk.kid} does not sign: its private half is not there`),
  ])
  throw new Refusal("conflict", {
    detail: `the private half of the next key ${next.jwk.kid} is gone: the key has left the ring`,
    hint: "do it again: a new key is made",
  })
}

/** The ring without a key that is retired. */
function without(ring: StoredKeyRing, { jwk }: RingKey, retired: StoredKeyRing["retired"][number]): StoredKeyRing {
  return {
    ...ring,
    keys: ring.keys.filter((key) => key.jwk.kid !== jwk.kid),
    retired: [...recentlyRetired(ring, retired.at), retired],
  }
}

const retirement = ({ jwk, use }: RingKey, by?: Author): EventDraft =>
  keyEvent("key_retired", `key ${jwk.kid} (${jwk.alg}, ${use}) is retired with all that it signed`, by)

/** Commits a ring with its events, then lets it count. */
export async function change(
  context: AuthorityContext,
  changed: StoredKeyRing,
  events: readonly EventDraft[],
  { isUrgent = false }: { readonly isUrgent?: boolean } = {},
): Promise<void> {
  const ring = { ...changed, revision: changed.revision + 1 }
  await commit(
    context,
    { writes: [{ type: "set_key_ring", ring }], events, urgent: isUrgent, everywhere: true },
    { key_ring_changed: () => new Refusal("conflict", { detail: "another rotation was made meanwhile" }) },
  )
  context.keys.replace(ring)
}

/** The event of a change of the ring. */
export function keyEvent(type: AuditEventType, detail: string, by?: Author): EventDraft {
  return by === undefined
    ? { event_type: type, detail, outcome: "success" }
    : successEvent(type, by.caller, subjectOf(by.operator), detail)
}

function viewOf({ jwk, ...key }: RingKey): KeyView {
  return { kid: jwk.kid, alg: jwk.alg, ...key }
}

const underWay = ({ jwk, signsFrom = 0 }: RingKey): Refusal =>
  new Refusal("conflict", {
    detail: `a rotation is under way: key ${jwk.kid} signs from ${new Date(signsFrom).toISOString()}`,
    hint: "wait, or let it sign at once with signs_in 0 and force: true",
  })
