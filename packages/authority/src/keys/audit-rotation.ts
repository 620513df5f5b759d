import { type EventDraft, formatVerifierKey, signBridge, TrailKeys, verifierKeyOf } from "@agentwrit/audit"
import type { Claims, SigningKey } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { AuditCustody } from "../ports/audit-custody.ts"
import { Refusal } from "../refusal.ts"
import { signedCheckpoint } from "../trail/checkpoint.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { TrailContradictionError } from "../trail/trail-contradiction.ts"
import { custodyRefusal, readOnlyCustody } from "./custody-refusal.ts"

/** The audit key that signs after a rotation. */
export interface RotatedAuditKey {
  /** Its C2SP verifier key, for others to pin. */
  readonly verifierKey: string
}

/**
 * Lets a new key sign the trail's checkpoints (CONTRACT 9). The event `key_rotated` carries a bridge, a checkpoint
 * signed by both keys that names the new one. The checkpoint that covers the event is signed by both too. Then the new
 * key takes the place of the former.
 *
 * What a fault or crash leaves is finished by the next call or start.
 */
export async function rotateAuditKey(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
): Promise<RotatedAuditKey> {
  const { auditKeys, auditCustody: custody, keys } = context
  if (custody === undefined) throw readOnlyCustody("audit key")
  const rotated = await keys.rotating(async () => {
    // First: a broken trail refuses it before a key is made.
    await signedCheckpoint(context)
    const next = auditKeys.next ?? (await kept(custody.create()))
    // From here on each checkpoint has both signatures, so that the one which covers the event has them.
    auditKeys.begin(next)
    const verifierKey = formatVerifierKey(verifierKeyOf(context.origin, next.publicKey))
    if ((await followingKeyId(context)) !== next.keyId) {
      const detail = `audit key: from here on checkpoints are signed by ${verifierKey}`
      const event = successEvent("key_rotated", caller, subjectOf(operator), detail)
      await commit(context, { writes: [], events: [await bridged(context, event, next)] })
    }
    await finish(context, custody)
    return { verifierKey }
  })
  if (rotated === undefined) throw new Refusal("conflict", { detail: "another rotation is under way" })
  return rotated
}

/**
 * Finishes a rotation that a crash stopped. Call it before anything is signed: a checkpoint that covers the event
 * `key_rotated` needs both signatures.
 * @throws {@link TrailContradictionError} when the trail says that another key follows the present one, and it is not
 * there: an older key file was put back, and would sign what nobody can verify.
 */
export async function resumeAuditRotation(context: AuthorityContext): Promise<void> {
  const { auditKeys, auditCustody: custody, trailStatus } = context
  const following = await followingKeyId(context)
  if (following === undefined) return
  const next = await custody?.next()
  if (custody === undefined || next === undefined || next.keyId !== following)
    throw new TrailContradictionError(
      "audit_key_rotated_out",
      "the audit key was rotated out: put back the newest one, and the first one beside it, from your backup",
    )
  auditKeys.begin(next)
  if (trailStatus.problem !== undefined) return
  try {
    await finish(context, custody)
  } catch (error) {
    // Both keys go on signing. The next call or start tries again.
    if (!(error instanceof Refusal)) throw error
  }
}

/** Keeps a checkpoint of both keys, then lets the next key sign alone. */
async function finish(context: AuthorityContext, custody: AuditCustody): Promise<void> {
  await signedCheckpoint(context)
  await kept(custody.promote())
  context.auditKeys.finish()
}

/** The event, with the bridge over the newest checkpoint. */
async function bridged(
  { auditKeys, origin, store }: AuthorityContext,
  event: EventDraft,
  next: SigningKey,
): Promise<EventDraft> {
  const head = await store.trail.checkpoint()
  if (head === undefined) throw new TypeError("a trail that was sealed has a checkpoint")
  const bridge = signBridge({ origin, size: head.size, root: head.root }, auditKeys.current, next)
  return { ...event, data: { audit_keys: [{ bridge }] } }
}

/** Events that one query reads. */
const PAGE_SIZE = 1000

/** The key id of the key that follows the present one, as the trail says; `undefined`: none. */
async function followingKeyId({ store, auditKeys, origin }: AuthorityContext): Promise<string | undefined> {
  const present = verifierKeyOf(origin, auditKeys.current.publicKey)
  for (let offset = 0; ; offset += PAGE_SIZE) {
    const query = { eventType: "key_rotated", outcome: "success", limit: PAGE_SIZE, offset } as const
    const { events } = await store.trail.events(query)
    for (const event of events) {
      const keys = new TrailKeys([present])
      if (keys.follow(event)) return keys.newest.key.keyId
    }
    if (events.length < PAGE_SIZE) return undefined
  }
}

/** Waits for custody, and refuses when it cannot keep a key. */
async function kept<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw custodyRefusal("audit key", error)
  }
}
