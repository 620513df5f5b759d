import { createSigningKey, type SigningKey } from "@agentwrit/core"
import type { AuditCustody } from "../ports/audit-custody.ts"
import { type Clock, systemClock } from "../ports/clock.ts"
import type { HeldKeys, KeyCustody } from "../ports/key-custody.ts"
import { nativeKey, newPrivateKey, oauthKey, signingKeyOf } from "./private-key.ts"

/**
 * Keeps the signing keys in memory: for tests, and for a broker that is embedded in a program. They end with it.
 * @param current the first native key. Default: a new one.
 * @param clock says when a key is made. Default: the machine's.
 * @example
 * const keys = memoryCustody()
 */
export function memoryCustody(
  current: SigningKey = createSigningKey(crypto.getRandomValues(new Uint8Array(32))),
  clock: Clock = systemClock,
): KeyCustody {
  let held: HeldKeys = { native: { current: nativeKey(current, clock.now()) }, oauth: {} }
  const take = async (changed: HeldKeys): Promise<HeldKeys> => {
    held = changed
    return held
  }
  return {
    load: async () => held,
    async create(alg) {
      const key = await newPrivateKey(alg)
      return take(
        alg === "EdDSA"
          ? { ...held, native: { ...held.native, next: nativeKey(signingKeyOf(key), clock.now()) } }
          : { ...held, oauth: { ...held.oauth, next: oauthKey(key, clock.now()) } },
      )
    },
    promote(use) {
      const { next } = held[use]
      return take(next === undefined ? held : { ...held, [use]: { current: next } })
    },
    discard(use) {
      const { next: _next, ...kept } = held[use]
      return take({ ...held, [use]: kept })
    },
    discardOthers: () => take({ native: { current: held.native.current }, oauth: {} }),
  }
}

/** Keeps an audit key in memory while it rotates. It ends with the program. */
export function memoryAuditCustody(): AuditCustody {
  let next: SigningKey | undefined
  return {
    next: async () => next,
    async create() {
      next = createSigningKey(crypto.getRandomValues(new Uint8Array(32)))
      return next
    },
    async promote() {
      next = undefined
    },
  }
}
