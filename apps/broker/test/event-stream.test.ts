import type { FeedFollower, FeedMessage } from "@agentwrit/authority"
import { expect, test, vi } from "vitest"
import { eventStream } from "../src/http/event-stream.ts"

const MIB = 1024 * 1024

function open() {
  let follower: FeedFollower | undefined
  const unfollow = vi.fn()
  const caughtUp = vi.fn()
  const closed = vi.fn()
  const stream = eventStream({
    follow(given) {
      follower = given
      return unfollow
    },
    caughtUp,
    closed,
  })
  if (follower === undefined) throw new Error("nothing follows")
  return { reader: stream.getReader(), follower, unfollow, caughtUp, closed }
}

const message = (to: number, head: number, jws = "jws"): FeedMessage => ({ to, head, jws }) as FeedMessage

const textOf = ({ value }: { readonly value: Uint8Array | undefined }) => new TextDecoder().decode(value)

test("messages come in order, as events with their position as id", async () => {
  const { reader, follower } = open()
  expect([follower.send(message(1, 2)), follower.send(message(2, 2))]).toEqual([true, true])
  expect(textOf(await reader.read())).toBe("id: 1\ndata: jws\n\n")
  expect(textOf(await reader.read())).toBe("id: 2\ndata: jws\n\n")
})

test("a reader with more than 1 MiB unread gets no message until it reads", async () => {
  const { reader, follower } = open()
  expect(follower.send(message(1, 1, "x".repeat(MIB)))).toBe(true)
  expect(follower.send(message(2, 2))).toBe(false)
  await reader.read()
  const next = reader.read()
  await expect.poll(() => follower.send(message(2, 2))).toBe(true)
  expect(textOf(await next)).toContain("id: 2\n")
})

test("a reader that does not take the last message within 30 s is disconnected and releases its places", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  try {
    const { reader, follower, unfollow, caughtUp, closed } = open()
    follower.send(message(1, 1))
    await reader.read()
    const next = reader.read()
    await expect.poll(() => vi.getTimerCount()).toBe(0)
    follower.send(message(2, 2))
    await next
    vi.advanceTimersByTime(30_000)
    expect([unfollow, caughtUp, closed].map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1])
    await expect(reader.read()).rejects.toThrow("the follower is too slow")
  } finally {
    vi.useRealTimers()
  }
})

test("a stream reports once that its reader has read the newest position", async () => {
  const { reader, follower, caughtUp } = open()
  follower.send(message(1, 2))
  await reader.read()
  follower.send(message(2, 2))
  expect(caughtUp).not.toHaveBeenCalled()
  await reader.read()
  const next = reader.read()
  await expect.poll(() => caughtUp.mock.calls.length).toBe(1)
  follower.end()
  expect((await next).done).toBe(true)
  expect(caughtUp).toHaveBeenCalledTimes(1)
})

test("a reader that disconnects ends the stream and releases its places", async () => {
  const { reader, unfollow, caughtUp, closed } = open()
  await reader.cancel()
  for (const called of [unfollow, caughtUp, closed]) expect(called).toHaveBeenCalledTimes(1)
})
