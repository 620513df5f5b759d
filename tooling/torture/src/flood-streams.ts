import { call } from "@agentwrit/e2e/client"
import { digestOf, type FeedStream, feedVerifier, openFeed } from "@agentwrit/e2e/feed"
import { address, type Flooded, GROWTH, SERVED } from "./flood.ts"
import { memoryOf } from "./process-figures.ts"

/** Event streams beyond the bound: those within it are served, the others told to poll. */
export async function manyStreams({ broker, admin, row }: Flooded, count: number): Promise<string[]> {
  const before = memoryOf(broker.child.pid ?? 0)
  const open: FeedStream[] = []
  const refused = new Map<number, number>()
  try {
    for (let begun = 0; begun < count; begun += 100) {
      const batch = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          openFeed(broker.url, 0, { "x-forwarded-for": address((begun + at) % 300) }).catch(() => undefined),
        ),
      )
      for (const stream of batch) {
        if (stream === undefined) continue
        if (stream.status === 200) open.push(stream)
        else {
          refused.set(stream.status, (refused.get(stream.status) ?? 0) + 1)
          stream[Symbol.dispose]()
        }
      }
    }
    const grown = memoryOf(broker.child.pid ?? 0) - before
    const { status } = await call(broker.url, "POST /v1/revoke", {
      bearer: admin,
      json: { level: "task", target: "flooded" },
    })
    const deaf = status === 200 ? await deafTo(broker.url, digestOf("task", "flooded"), open) : 0
    row.note(
      `${count} streams: ${open.length} open, ${[...refused].map(([code, times]) => `${code}: ${times}`).join()}, ${grown.toFixed(0)} MiB grown`,
    )
    return [
      ...(open.length > 1024 ? [`${open.length} streams are open`] : []),
      ...(count > 1024 && refused.get(503) === undefined ? ["no stream was refused with 503"] : []),
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
