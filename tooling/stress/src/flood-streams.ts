import { call } from "@agentwrit/testing/client"
import { digestOf, type FeedStream, feedVerifier, openFeed } from "@agentwrit/testing/feed"
import { address, type Flooded, GROWTH, inTime, SERVED } from "./flood.ts"
import { memoryOf } from "./process-figures.ts"

/** Streams that may be open at a time (decision 0004). */
const OPEN = 1024

/** Streams that are asked for at once. */
const AT_ONCE = 100

/** Milliseconds within which a stream is opened or refused. */
const PATIENCE = 30_000

/** Event streams beyond the bound: those within it are served, the others told to poll. */
export async function manyStreams({ broker, admin, row }: Flooded, count: number): Promise<string[]> {
  const before = memoryOf(broker.child.pid)
  const open: FeedStream[] = []
  const refused = new Map<number, number>()
  let lost = 0
  let unadvised = 0
  try {
    for (let begun = 0; begun < count; begun += AT_ONCE) {
      const batch = await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, count - begun) }, (_, at) =>
          inTime(openFeed(broker.url, 0, { "x-forwarded-for": address((begun + at) % 300) }), PATIENCE).catch(
            () => undefined,
          ),
        ),
      )
      for (const stream of batch) {
        if (stream === undefined) lost++
        else if (stream.status === 200) open.push(stream)
        else {
          refused.set(stream.status, (refused.get(stream.status) ?? 0) + 1)
          if (stream.headers["retry-after"] === undefined) unadvised++
          stream[Symbol.dispose]()
        }
      }
    }
    const grown = memoryOf(broker.child.pid) - before
    const { status } = await call(broker.url, "POST /v1/revoke", {
      bearer: admin,
      json: { level: "task", target: "flooded" },
    })
    const expected = Math.min(count, OPEN)
    const deaf = status === 200 ? await deafTo(broker.url, digestOf("task", "flooded"), open) : 0
    row.note(
      `${count} streams: ${open.length} open, ${[...refused].map(([code, times]) => `${code}: ${times}`).join()}, ${grown.toFixed(0)} MiB grown`,
    )
    return [
      ...(open.length === expected ? [] : [`${open.length} streams are open, not ${expected}`]),
      ...[...refused.keys()].filter((code) => code !== 503).map((code) => `a stream is refused with ${code}`),
      ...(unadvised === 0 ? [] : [`${unadvised} streams are refused without Retry-After`]),
      ...(lost === 0 ? [] : [`${lost} streams were not answered`]),
      ...(grown > GROWTH ? [`streams: memory grew by ${grown.toFixed(0)} MiB`] : []),
      ...(deaf === 0 ? [] : [`${deaf} open streams did not tell of a revocation within ${SERVED} ms`]),
      ...(status === 200 ? [] : [`streams: a revocation is answered with ${status}`]),
    ]
  } finally {
    for (const stream of open) stream[Symbol.dispose]()
  }
}

/** How many of the streams have not told of this revocation when the time is up. */
async function deafTo(url: string, digest: string, streams: readonly FeedStream[]): Promise<number> {
  const verified = await feedVerifier(url)
  // All streams say the same: each message is verified once.
  const verdicts = new Map<string, boolean>()
  const tells = (data: string): boolean => {
    const known = verdicts.get(data) ?? verified(data).entries.some((entry) => entry.digest === digest)
    verdicts.set(data, known)
    return known
  }
  const end = performance.now() + SERVED
  for (;;) {
    const deaf = streams.filter(({ events }) => !events.some(({ data }) => tells(data))).length
    if (deaf === 0 || performance.now() > end) return deaf
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
