import type { AuthorityContext } from "../context.ts"
import type { RingKey, StoredKeyRing } from "../ports/records.ts"
import { change, keyEvent } from "./rotation.ts"
import type { SigningKeys } from "./signing-keys.ts"

/** Why the ring cannot be opened with the native key that custody holds. */
export type KeyRingErrorCode =
  /** It was rotated out: a later key signs. */
  | "key_rotated_out"
  /** It was retired, or went when all that it signed had expired. */
  | "key_retired"

/** The native key in custody must not sign again. */
export class KeyRingError extends Error {
  override readonly name = "KeyRingError"
  readonly code: KeyRingErrorCode

  constructor(code: KeyRingErrorCode, keyId: string) {
    const ended = code === "key_retired" ? "was retired" : "was rotated out"
    super(`the signing key ${keyId} ${ended} and must not sign again`)
    this.code = code
  }
}

/**
 * Holds the ring of the store against the keys that custody holds, at a start. A next key whose private half is gone
 * leaves the ring: it never signed. A native key that the ring does not know was put there by an operator: it begins a
 * new ring, and everything that the former keys signed ends.
 * @throws {@link KeyRingError}
 */
export async function openKeys(context: AuthorityContext): Promise<void> {
  const { keys, store, clock } = context
  const { keyId } = keys.held.native.current
  const stored = await store.records.keyRing()
  // What the keys signed before this start is among the tokens of the store.
  const lastExpiry = await store.records.lastExpiry()
  keys.signed(keyId, Math.ceil(lastExpiry / 1000))
  // A declared restore deletes the ring. The trail still knows which keys were retired.
  if (stored === undefined) return requireUnended(context, keyId)
  const known = stored.keys.find(({ jwk }) => jwk.kid === keyId)
  if (known === undefined) return beginRing(context, stored)
  if (known.state === "previous") throw new KeyRingError("key_rotated_out", keyId)
  keys.replace(stored)
  for (const { jwk, state } of stored.keys) if (state === "current") keys.signed(jwk.kid, Math.ceil(lastExpiry / 1000))
  const lost = stored.keys.filter((key) => isLost(keys, key))
  if (lost.length === 0) return
  const verifiesUntil = Math.max(lastExpiry, clock.now())
  await change(
    context,
    {
      ...stored,
      keys: stored.keys.flatMap((key): readonly RingKey[] => {
        if (!lost.includes(key)) return [key]
        return key.state === "next" ? [] : [{ ...key, state: "previous", verifiesUntil }]
      }),
    },
    lost.map(({ jwk }) => keyEvent("key_retired", `key ${jwk.kid} does not sign: its private half is not there`)),
  )
}

/** Takes the ring that another broker committed, and the private keys that custody holds now. */
export async function reloadKeys({ keys, custody, store }: AuthorityContext): Promise<void> {
  await keys.inTurn(async () => {
    const stored = await store.records.keyRing()
    if (stored === undefined || stored.revision <= keys.stored.revision) return
    keys.hold(await custody.load())
    keys.replace(stored)
  })
}

/** Whether a key is to sign, now or later, and cannot. After a crash the next key may be in its place already. */
function isLost(keys: SigningKeys, { jwk, use, state }: RingKey): boolean {
  const { current, next } = keys.held[use]
  if (state === "previous") return false
  if (state === "next") return jwk.kid !== current?.keyId && jwk.kid !== next?.keyId
  return jwk.kid !== current?.keyId && (current === undefined || keys.of(use, "next")?.jwk.kid !== current.keyId)
}

/** Begins a ring with the native key in custody alone. */
async function beginRing(context: AuthorityContext, former: StoredKeyRing): Promise<void> {
  const { keys, custody, clock } = context
  const { jwk, createdAt, keyId } = keys.held.native.current
  await requireUnended(context, keyId)
  keys.hold(await custody.discardOthers())
  const ended = former.keys.map((key) => ({ keyId: key.jwk.kid, at: clock.now() }))
  // Urgent: an operator who ends everything must not need room on the disk for it.
  await change(
    context,
    {
      revision: former.revision,
      keys: [{ jwk, use: "native", state: "current", createdAt }],
      retired: [...former.retired, ...ended],
    },
    [
      keyEvent("key_rotated", `key ${keyId} (EdDSA) signs: an operator put it in place of the ones before`),
      ...former.keys.map((key) => keyEvent("key_retired", `key ${key.jwk.kid} is retired with all that it signed`)),
    ],
    { isUrgent: true },
  )
}

/** Events that one query reads. */
const PAGE_SIZE = 1000

/** Requires that the trail does not say that a key was retired, or went. @throws {@link KeyRingError} */
async function requireUnended({ store }: AuthorityContext, keyId: string): Promise<void> {
  for (let offset = 0; ; offset += PAGE_SIZE) {
    const { events } = await store.trail.events({
      eventType: "key_retired",
      outcome: "success",
      limit: PAGE_SIZE,
      offset,
    })
    if (events.some(({ detail }) => detail.startsWith(`key ${keyId} `))) throw new KeyRingError("key_retired", keyId)
    if (events.length < PAGE_SIZE) return
  }
}
