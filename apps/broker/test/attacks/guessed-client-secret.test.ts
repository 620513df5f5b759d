import { call } from "@agentwrit/testing/client"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { shareWireBroker } from "../wire/wire-broker.ts"

// Before: one limit for right and wrong secrets. Six processes of an app that started at once used it up, like a
// guesser, and `Retry-After` told a longer wait than the true one.

// The limits read this clock. While it stands still, nothing that was used comes back.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["performance"] })
})
afterAll(() => {
  vi.useRealTimers()
})

let url: string
let admin: string
shareWireBroker((shared) => {
  ;({ url, admin } = shared)
})

/** A new app, and its sign-in from one address. */
async function registered(name: string) {
  const { body } = await call(url, "POST /v1/admin/apps", { bearer: admin, json: { name, scopes: ["read:data:*"] } })
  const signIn = (client_secret: string, client_id: string = body.client_id) =>
    call(url, "POST /v1/app/auth", {
      json: { client_id, client_secret },
      headers: { "x-forwarded-for": "203.0.113.7" },
    })
  return { right: () => signIn(body.client_secret), guess: () => signIn("guess"), unknown: () => signIn("guess", name) }
}

/** The statuses of that many sign-ins at once, the lowest first. */
const statuses = async (count: number, signIn: () => Promise<{ status: number }>) =>
  (await Promise.all(Array.from({ length: count }, signIn))).map(({ status }) => status).sort()

test("six processes of an app that start at once all sign in", async () => {
  const { right } = await registered("fleet")
  expect(await statuses(6, right)).toEqual([200, 200, 200, 200, 200, 200])
})

test("a guesser has five tries, then one each 6 s, and does not learn that a guess is right", async () => {
  const { right, guess, unknown } = await registered("guessed")
  expect(await statuses(7, guess)).toEqual([401, 401, 401, 401, 401, 429, 429])
  expect(await statuses(7, unknown)).toEqual([401, 401, 401, 401, 401, 429, 429])
  const refused = await right()
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "6"])
  vi.advanceTimersByTime(5_999)
  expect((await right()).status).toBe(429)
  vi.advanceTimersByTime(1)
  // A right secret takes none of the tries.
  expect((await right()).status).toBe(200)
  expect(await statuses(2, guess)).toEqual([401, 429])
})
