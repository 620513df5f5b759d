import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { type CallOptions, call, trail } from "@agentwrit/testing/client"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { shareWireBroker, startWireBroker } from "./wire-broker.ts"

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

const from = (address: string, route: string, options: CallOptions) =>
  call(url, route, { ...options, headers: { "x-forwarded-for": address } })

const counted = (answers: readonly { status: number }[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const statuses = async (asked: Promise<{ status: number }>[]) => counted(await Promise.all(asked))

describe("admin sign-in", () => {
  const signIn = (address: string, json: unknown = { secret: ADMIN_SECRET }) =>
    from(address, "POST /v1/admin/auth", { json })

  test("is refused after ten at once from an address that sends wrong ones, malformed ones counted too", async () => {
    const kinds = [{ secret: "wrong" }, { secret: 7 }]
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => signIn("203.0.113.1", kinds[n % 2])))
    const counts = counted(answers)
    expect(counts[429]).toBe(30)
    expect((counts[401] ?? 0) + (counts[400] ?? 0)).toBe(10)
    const refused = answers.find(({ status }) => status === 429)
    expect([refused?.body.error_code, refused?.headers.get("retry-after")]).toEqual(["rate_limited", "1"])
    const denial = { event_type: "admin_auth_failed", outcome: "denied", detail: refused?.body.detail }
    expect(await trail(url, admin)).toContainEqual(expect.objectContaining(denial))
  })

  test("with a right secret waits for its turn: a loop of commands loses none", async () => {
    expect(await statuses(Array.from({ length: 12 }, () => signIn("203.0.113.5")))).toEqual({ 200: 12 })
  })

  test("after a wrong secret does not wait for a minute, unless a right one came", async () => {
    const right = Array.from({ length: 9 }, () => signIn("203.0.113.6"))
    expect(counted(await Promise.all(right))).toEqual({ 200: 9 })
    expect((await signIn("203.0.113.6", { secret: "wrong" })).status).toBe(401)
    const refused = await signIn("203.0.113.6")
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"])
    vi.advanceTimersByTime(199)
    expect((await signIn("203.0.113.6")).status).toBe(429)
    vi.advanceTimersByTime(1)
    expect((await signIn("203.0.113.6")).status).toBe(200)
    const waiting = signIn("203.0.113.6")
    await vi.advanceTimersByTimeAsync(200)
    expect((await waiting).status).toBe(200)
  })

  test("is counted by IPv4 address and by IPv6 network", async () => {
    const own = (n: number) => signIn(`2001:db8::${n.toString(16)}`, { secret: "wrong" })
    expect(await statuses(Array.from({ length: 30 }, (_, n) => own(n)))).toEqual({ 401: 10, 429: 20 })
    expect((await signIn("2001:db8:0:1::1")).status).toBe(200)
    expect((await signIn("::ffff:203.0.113.9")).status).toBe(200)
    expect((await signIn("203.0.113.10")).status).toBe(200)
  })
})

describe("app sign-in", () => {
  const signIn = (address: string, client_id: string, client_secret = "wrong") =>
    from(address, "POST /v1/app/auth", { json: { client_id, client_secret } })

  const registered = async (name: string) => {
    const json = { name, scopes: ["read:data:*"] }
    return (await call(url, "POST /v1/admin/apps", { bearer: admin, json })).body
  }

  test("with a right secret is refused after 20 at once for a client and an address; 30 a minute come back", async () => {
    const { client_id, client_secret } = await registered("limited")
    const signInRight = () => signIn("203.0.113.2", client_id, client_secret)
    expect(await statuses(Array.from({ length: 26 }, signInRight))).toEqual({ 200: 20, 429: 6 })
    const refused = await signInRight()
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"])
    expect((await trail(url, admin)).at(-1)).toMatchObject({ event_type: "app_rate_limited", outcome: "denied" })
    expect((await signIn("203.0.113.3", client_id, client_secret)).status).toBe(200)
    vi.advanceTimersByTime(2_000)
    expect((await signInRight()).status).toBe(200)
    expect((await signInRight()).status).toBe(429)
  })

  test("is refused after 120 from an address, for any number of clients", async () => {
    const counts = await statuses(Array.from({ length: 150 }, (_, n) => signIn("203.0.113.4", `client-${n}`)))
    expect(counts).toEqual({ 401: 120, 429: 30 })
  })
})

test("X-Forwarded-For counts only from a trusted proxy", async () => {
  await using direct = await startWireBroker({ app: { isTrustedProxy: () => false } })
  const json = { secret: "wrong" }
  const counts = await statuses(
    Array.from({ length: 40 }, (_, n) =>
      call(direct.url, "POST /v1/admin/auth", { json, headers: { "x-forwarded-for": `203.0.113.${n}` } }),
    ),
  )
  expect(counts).toEqual({ 401: 10, 429: 30 })
})
