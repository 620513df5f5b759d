import Sqlite from "better-sqlite3"
import { expect, test, vi } from "vitest"
import { ask, brokerFolder, signIn } from "./in-process.ts"

type App = Parameters<typeof ask>[0]

const payloadOf = (jws: string) => JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString())

async function page(app: App, since: number) {
  return payloadOf((await ask(app, `GET /v1/revocations?since=${since}`)).text)
}

/** Lists that many targets without going through the broker, which is not running. */
function fill(path: string, count: number): void {
  const database = new Sqlite(path)
  database.exec(`
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
    INSERT INTO revocations (level, target, digest, revoked_at, expires_at, forget_at)
    SELECT 'task', 'filled-' || n, printf('%042dA', n), 0, NULL, NULL FROM numbers`)
  database.close()
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

test("whoever asks while others revoke, and finds what is on disk ahead of what was told, is never sent back", async () => {
  await using folder = await brokerFolder()
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
    // In process nothing but this lets the others in.
    await new Promise(setImmediate)
  }
  await revoking
  expect(told).toEqual(Array.from({ length: 32 * 40 }, (_, index) => index + 1))
})

test("a long list comes in pages of 5,000, a snapshot too, and the last one is fresh", async () => {
  await using folder = await brokerFolder()
  await (await folder.open())[Symbol.asyncDispose]()
  fill(folder.database, 12_001)
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
  await expect.poll(async () => (await page(broker.app, 12_001)).iat, { timeout: 3000 }).toBe(iat + 60)
})

test("however many ask from as many positions that there are not, one snapshot is made for all", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const asked = Array.from({ length: 200 }, (_, nth) => ask(broker.app, `GET /v1/revocations?since=${1000 + nth}`))
  const answers = await Promise.all(asked)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(payloadOf(answers[0]?.text ?? "")).toMatchObject({ from: 0, reset: true })
})

test("what stopped mattering is left out, and what only just did is not", async () => {
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
  await expect.poll(async () => (await page(broker.app, 0)).entries.length, { timeout: 3000 }).toBe(1)
})

test("more askers than pages can be made for are told to come back, and those who wait are answered", async () => {
  await using folder = await brokerFolder()
  await (await folder.open())[Symbol.asyncDispose]()
  fill(folder.database, 6000)
  await using broker = await folder.open()
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, since) => ask(broker.app, `GET /v1/revocations?since=${since}`)),
  )
  const refused = answers.filter(({ status }) => status === 503)
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(8)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers.get("retry-after")).toBe("1")
  const same = await Promise.all(Array.from({ length: 300 }, () => ask(broker.app, "GET /v1/revocations?since=7")))
  expect(new Set(same.map(({ text }) => text)).size).toBe(1)
})

test("a reader that does not keep up is let go, while the others miss nothing", async () => {
  await using folder = await brokerFolder()
  await (await folder.open())[Symbol.asyncDispose]()
  fill(folder.database, 4_900)
  await using broker = await folder.open()
  const admin = await signIn(broker.app)
  const slow = await stream(broker.app)
  let seen = ""
  const quick = readAll(await stream(broker.app), (text) => {
    seen = text
  })
  await expect.poll(() => seen.includes("id: 4900\n")).toBe(true)
  const count = 3900
  // One message a flush: the first takes the last room, the next finds none.
  await Promise.all(Array.from({ length: count - 1 }, (_, n) => revoke(broker.app, admin, `t-${n}`)))
  await revoke(broker.app, admin, "t-last")
  const { text, error } = await readAll(slow)
  expect(error).toMatchObject({ message: "the follower is too slow" })
  expect(text.length).toBeLessThan(3 * 1024 * 1024)
  await broker[Symbol.asyncDispose]()
  const all = await quick
  expect(all.error).toBeUndefined()
  let position = 0
  for (const [, jws = ""] of all.text.matchAll(/^data: (\S+)$/gm)) {
    const { from, to } = payloadOf(jws)
    expect(from).toBe(position)
    position = to
  }
  expect(position).toBe(4_900 + count)
})

test("a reader that takes no page within 30 s is let go", async () => {
  await using folder = await brokerFolder()
  await (await folder.open())[Symbol.asyncDispose]()
  fill(folder.database, 40_000)
  await using broker = await folder.open()
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  try {
    const response = await stream(broker.app)
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0))
    let ended: { error: unknown } | undefined
    // A page was sent; nothing more comes until the reader reads it.
    await vi.advanceTimersByTimeAsync(31_000)
    void readAll(response).then((end) => {
      ended = end
    })
    await vi.waitFor(() => expect(ended?.error).toMatchObject({ message: "the follower is too slow" }))
  } finally {
    vi.useRealTimers()
  }
})

test("of one source sixteen streams that do not read hold a page; the next gets one when one of them ends", async () => {
  await using folder = await brokerFolder()
  await (await folder.open())[Symbol.asyncDispose]()
  fill(folder.database, 6000)
  await using broker = await folder.open()
  const idle: Response[] = []
  // Each asks for another position, so that no two share a page.
  for (let since = 0; since < 16; since++) idle.push(await stream(broker.app, since))
  const next = (await stream(broker.app, 16)).body?.getReader()
  let first: { readonly done: boolean } | undefined
  void next?.read().then((read) => {
    first = read
  })
  // Who asks for a page alone is not held up by them, and comes behind them all.
  for (let since = 17; since < 40; since++) expect((await page(broker.app, since)).from).toBe(since)
  expect(first).toBeUndefined()
  await idle[3]?.body?.cancel()
  await expect.poll(() => first?.done, { timeout: 5000 }).toBe(false)
})
