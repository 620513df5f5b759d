import { createKeyRing, type FindKey, type Jwk, type KeyRing, parseJwk, type SigningKey } from "@agentwrit/core"
import type { HeldKeys, KeyUse } from "../ports/key-custody.ts"
import type { RingKey, StoredKeyRing } from "../ports/records.ts"

/** For how long verifiers are told of a retired key: longer than they hold a set of keys (CONTRACT 9). */
const RETIREMENT_NOTICE_MS = 10 * 60 * 1000

const ORDER: Readonly<Record<RingKey["state"], number>> = { current: 0, next: 1, previous: 2 }

/** The signing keys in memory: the private ones that custody holds, and the ring as the store has it. */
export class SigningKeys {
  /** Called after each change of the ring. */
  onChange: () => void = () => undefined
  #held: HeldKeys
  #stored: StoredKeyRing
  #ring: KeyRing
  #isRotating = false
  #work: Promise<unknown> = Promise.resolve()
  /** The latest expiry of what each key signed in this process, in Unix seconds. */
  readonly #signedUntil = new Map<string, number>()

  /** @param stored the ring of the store; `undefined` while no key was ever rotated. */
  constructor(held: HeldKeys, stored?: StoredKeyRing) {
    this.#held = held
    this.#stored = stored ?? newRing(held)
    this.#ring = this.#verifying()
  }

  /** The key that signs native tokens, delegation records and the feed. */
  get current(): SigningKey {
    return this.#ring.current
  }

  /** The key that verifies what a `kid` signed, while it is in the ring. */
  readonly find: FindKey = (keyId) => this.#ring.find(keyId)

  /** The public half of every key, the current ones first: the content of the JWK set. */
  published(): readonly Jwk[] {
    return [...this.#stored.keys].sort((a, b) => ORDER[a.state] - ORDER[b.state]).map(({ jwk }) => jwk)
  }

  /** The ring as the store has it. */
  get stored(): StoredKeyRing {
    return this.#stored
  }

  get held(): HeldKeys {
    return this.#held
  }

  /** The key of a use in a state. */
  of(use: KeyUse, state: "next" | "current"): RingKey | undefined {
    return this.#stored.keys.find((key) => key.use === use && key.state === state)
  }

  /** Ids of the keys that verifiers may still hold although an operator retired them. */
  retired(now: number): string[] {
    return recentlyRetired(this.#stored, now).map(({ keyId }) => keyId)
  }

  /** Records that a key signs something that expires then, in Unix seconds. */
  signed(keyId: string, expiresAt: number): void {
    if ((this.#signedUntil.get(keyId) ?? 0) < expiresAt) this.#signedUntil.set(keyId, expiresAt)
  }

  /** When all that a key signed has expired, in milliseconds since the Unix epoch. Call it once it no longer signs. */
  signedUntil(keyId: string): number {
    return (this.#signedUntil.get(keyId) ?? 0) * 1000
  }

  /** Takes what custody holds now: its current keys sign from here on. */
  hold(held: HeldKeys): void {
    this.#held = held
    this.#ring = this.#verifying()
  }

  /** Takes the ring that was committed. */
  replace(stored: StoredKeyRing): void {
    this.#stored = stored
    this.#ring = this.#verifying()
    for (const keyId of this.#signedUntil.keys())
      if (!stored.keys.some(({ jwk }) => jwk.kid === keyId)) this.#signedUntil.delete(keyId)
    this.onChange()
  }

  /** Forgets the ring of the store: what custody holds signs, and nothing else verifies. */
  forget(): void {
    this.replace(newRing(this.#held))
  }

  /** Runs one change of the ring after another. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#work.then(change)
    this.#work = result.catch(() => undefined)
    return result
  }

  /** Runs a rotation in its turn; `undefined` when another one is running, and nothing was run. */
  async rotating<T>(rotate: () => Promise<T>): Promise<T | undefined> {
    if (this.#isRotating) return undefined
    this.#isRotating = true
    try {
      return await this.inTurn(rotate)
    } finally {
      this.#isRotating = false
    }
  }

  #verifying(): KeyRing {
    const { current } = this.#held.native
    const others = this.#stored.keys
      .filter(({ jwk, use }) => use === "native" && jwk.kid !== current.keyId)
      .map(({ jwk }) => this.#ring?.find(jwk.kid) ?? parseJwk(jwk))
    return createKeyRing({ current: current.key, others })
  }
}

/** The ring of keys that were never rotated: what custody holds signs. */
function newRing({ native, oauth }: HeldKeys): StoredKeyRing {
  const keys: RingKey[] = [
    { jwk: native.current.jwk, use: "native", state: "current", createdAt: native.current.createdAt },
  ]
  if (oauth.current !== undefined)
    keys.push({ jwk: oauth.current.jwk, use: "oauth", state: "current", createdAt: oauth.current.createdAt })
  return { revision: 0, keys, retired: [] }
}

/** The retired keys that verifiers are still told of. */
export const recentlyRetired = ({ retired }: StoredKeyRing, now: number): StoredKeyRing["retired"] =>
  retired.filter(({ at }) => at > now - RETIREMENT_NOTICE_MS)
