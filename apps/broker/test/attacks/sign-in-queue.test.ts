import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker } from "../wire/wire-broker.ts"

/** The hash of {@link ADMIN_SECRET} at the cost that `awrit init` writes. */
const HASH = "$2b$12$HC9cuC/bwDNfOkbceVRnA.pqlkKmzCVKa3km5HCZ001wFOGcdhFd2"

// Without a fair queue, nine of the attacker's sign-ins ran before any other, and others were refused.
test("an address that guesses a slow secret does not keep operators from signing in", async () => {
  await using broker = await startWireBroker({ adminSecret: HASH })
  const signIn = (address: string, secret: string) =>
    call(broker.url, "POST /v1/admin/auth", { json: { secret }, headers: { "x-forwarded-for": address } })
  let checked = 0
  const guesses = Array.from({ length: 10 }, async () => {
    const { status } = await signIn("203.0.113.1", "a guess")
    if (status === 401) checked++
    return status
  })
  const operator = await signIn("203.0.113.2", ADMIN_SECRET)
  const checkedBefore = checked
  expect(await Promise.all(guesses)).toContain(429)
  expect([operator.status, checkedBefore <= 3]).toEqual([200, true])
})
