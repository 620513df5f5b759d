import { createKeyRing, createSigningKey, type KeyRing } from "@agentwrit/core"
import { MemoryStore } from "@agentwrit/store-memory"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

const first = createSigningKey(new Uint8Array(32).fill(1))
const second = createSigningKey(new Uint8Array(32).fill(3))

/** A ring whose keys a test replaces. */
class ChangingRing implements KeyRing {
  ring: KeyRing = createKeyRing({ current: first })
  get current() {
    return this.ring.current
  }
  readonly find = (keyId: string) => this.ring.find(keyId)
  readonly published = () => this.ring.published()
}

const keyIdOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()).kid

test("after a rotation the new key signs, and tokens of the old one stay good while it is in the ring", async () => {
  const keys = new ChangingRing()
  await using on = await testAuthority({ keys })
  const old = await on.agent()
  keys.ring = createKeyRing({ current: second, others: [first] })
  const fresh = await on.agent()
  expect([old, fresh].map(({ accessToken }) => keyIdOf(accessToken))).toEqual([first.keyId, second.keyId])
  expect(await on.authority.validateToken(CALLER, old.accessToken)).toEqual(old.claims)
  const renewed = await on.authority.renewToken(CALLER, old.claims)
  expect(keyIdOf(renewed.accessToken)).toBe(second.keyId)
  const unused = await on.agent()
  keys.ring = createKeyRing({ current: first })
  expect(await on.authority.validateToken(CALLER, unused.accessToken)).toBeUndefined()
  expect((await on.events()).at(-1)).toMatchObject({ event_type: "token_auth_failed", outcome: "denied" })
})

test("the authority publishes its ring", async () => {
  const keys = createKeyRing({ current: second, others: [first] })
  await using on = await testAuthority({ keys })
  expect(on.authority.keys.published().map(({ keyId }) => keyId)).toEqual([second.keyId, first.keyId])
})

test("a nonce survives a restart; with a nonce key it survives a new signing key too", async () => {
  const store = new MemoryStore()
  const anchor = { kept: async () => undefined, keep: async () => undefined }
  const nonceKey = new Uint8Array(32).fill(4)
  const open = (current = first, options = {}) =>
    testAuthority({ store, anchor, keys: createKeyRing({ current }), ...options })
  const registers = async (one: Awaited<ReturnType<typeof open>>, other: Awaited<ReturnType<typeof open>>) => {
    const request = one.request(await one.launch())
    return other.authority.register(CALLER, request).then(
      () => true,
      () => false,
    )
  }
  expect(await registers(await open(), await open())).toBe(true)
  expect(await registers(await open(), await open(second))).toBe(false)
  expect(await registers(await open(first, { nonceKey }), await open(second, { nonceKey }))).toBe(true)
})
