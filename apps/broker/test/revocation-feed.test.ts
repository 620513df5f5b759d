import { createHash } from "node:crypto"
import { type MemoryData, revocationKey } from "@agentwrit/store-memory"
import { expect, test, vi } from "vitest"
import { ask, brokerFolder, signIn } from "./in-process.ts"

type App = Parameters<typeof ask>[0]

const payloadOf = (jws: string) => JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString())

async function page(app: App, since: number) {
  return payloadOf((await ask(app, `GET /v1/revocations?since=${since}`)).text)
}

/** Writes that many revocations without a broker. */
function fill(data: MemoryData, count: number): void {
  for (let seq = 1; seq <= count; seq++) {
    const digest = createHash("sha256").update(String(seq)).digest()
    const entry = { seq, level: "task", digest, expiresAt: null, pruneAfter: null, revokedAt: 0 } as const
    data.revocations.set(revocationKey("task", `filled-${seq}`), entry)
  }
  data.revocationHead = count
}

const stream = (app: App, since = 0) =>
  app.request(`/v1/revocations?since=${since}`, { headers: { accept: "text/event-stream" } })

/** Reads a stream to its end or its error. */
async function readAll(response: Response, read = (_text: string): void => undefined) {
  let text = ""
  try {
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString()
      read(text)
    }
    return { text, error: undefined }
  } catch (error) {
    return { text, error }
  }
}

const revoke = (app: App, bearer: string, target: string) =>
  ask(app, "POST /v1/revoke", { bearer, json: { level: "task", target } })

test("revocations during the reading of a page never reset the reader", async () => {
  await using folder = await brokerFolder("sqlite")
  await using broker = await folder.open()
  const bearer = await signIn(broker.app)
  let revoked = 0
  const revoking = Promise.all(
    Array.from({ length: 32 }, async (_, lane) => {
      for (let number = 0; number < 40; number++, revoked++) await revoke(broker.app, bearer, `t-${lane}-${number}`)
    }),
  )
  const told: number[] = []
  for (let since = 0; revoked < 32 * 40 || since < 32 * 40; ) {
    const message = await page(broker.app, since)
    expect(message).toMatchObject({ from: since, reset: false })
    for (const { seq } of message.entries) told.push(seq)
    since = message.to
    // In process, only this lets other work run.
    await new Promise(setImmediate)
  }
  await revoking
  expect(told).toEqual(Array.from({ length: 32 * 40 }, (_, index) => index + 1))
})

test("long lists and snapshots come in pages of 5,000, and the last page is fresh", async () => {
  await using folder = await brokerFolder()
  fill(folder.data, 12_001)
  await using broker = await folder.open()
  for (const [since, to, reset] of [
    [0, 5000, false],
    [5000, 10_000, false],
    [10_000, 12_001, false],
    [12_002, 5000, true],
  ] as const) {
    const message = await page(broker.app, since)
    expect(message).toMatchObject({ from: reset ? 0 : since, to, head: 12_001, reset })
    expect(message.entries.length).toBe(to - message.from)
  }
  const { iat } = await page(broker.app, 12_001)
  folder.clock.set(folder.clock.now() + 60_000)
  await expect.poll(async () => (await page(broker.app, 12_001)).iat).toBe(iat + 60)
})

test("all unknown positions share one snapshot", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const asked = Array.from({ length: 200 }, (_, nth) => ask(broker.app, `GET /v1/revocations?since=${1000 + nth}`))
  const answers = await Promise.all(asked)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(payloadOf(answers[0]?.text ?? "")).toMatchObject({ from: 0, reset: true })
})

test("an entry is left out five minutes after it stopped mattering", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const admin = await signIn(broker.app)
  for (const digit of ["a", "b"]) {
    await ask(broker.app, "POST /v1/revoke", { bearer: admin, json: { level: "token", target: digit.repeat(32) } })
    folder.clock.set(folder.clock.now() + 200_000)
  }
  const end = folder.clock.now() - 400_000 + 86_400_000
  folder.clock.set(end + 299_000)
  expect((await page(broker.app, 0)).entries.length).toBe(2)
  folder.clock.set(end + 301_000)
  await expect.poll(async () => (await page(broker.app, 0)).entries.length).toBe(1)
})

test("requests beyond the queue of pages are refused with Retry-After, the others are answered", async () => {
  await using folder = await brokerFolder()
  fill(folder.data, 6000)
  await using broker = await folder.open()
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, since) => ask(broker.app, `GET /v1/revocations?since=${since}`)),
  )
  const refused = answers.filter(({ status }) => status === 503)
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(8)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers.get("retry-after")).toBe("1")
  const same = await Promise.all(Array.from({ length: 40 }, () => ask(broker.app, "GET /v1/revocations?since=7")))
  expect(new Set(same.map(({ text }) => text)).size).toBe(1)
})

test("a reader that does not read a page within 30 s is disconnected", async () => {
  await using folder = await brokerFolder()
  fill(folder.data, 40_000)
  await using broker = await folder.open()
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  try {
    const response = await stream(broker.app)
    await expect.poll(() => vi.getTimerCount()).toBeGreaterThan(0)
    let ended: { error: unknown } | undefined
    // A page was sent; nothing more comes until the reader reads it.
    await vi.advanceTimersByTimeAsync(31_000)
    void readAll(response).then((end) => {
      ended = end
    })
    await expect.poll(() => ended?.error).toMatchObject({ message: "the follower is too slow" })
  } finally {
    vi.useRealTimers()
  }
})

test("one source may leave sixteen large pages unread, and gets another one when a stream ends", async () => {
  await using folder = await brokerFolder()
  fill(folder.data, 6000)
  await using broker = await folder.open()
  const unread: Response[] = []
  for (let since = 0; since < 16; since++) unread.push(await stream(broker.app, since))
  const refused = await stream(broker.app, 16)
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"])
  expect((await stream(broker.app, 5990)).status).toBe(200)
  await unread[3]?.body?.cancel()
  expect((await stream(broker.app, 16)).status).toBe(200)
})

test("a stream that has caught up holds no place for a large page", async () => {
  await using folder = await brokerFolder()
  fill(folder.data, 6000)
  await using broker = await folder.open()
  const open: Promise<unknown>[] = []
  for (let since = 0; since < 18; since++) {
    let text = ""
    open.push(readAll(await stream(broker.app, since), (read) => (text = read)))
    await expect.poll(() => text).toContain("id: 6000\n")
  }
  broker.authority.endFollowing()
  await Promise.all(open)
})
