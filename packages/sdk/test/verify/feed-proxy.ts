import type { TestBroker } from "@agentwrit/testing/broker"
import { agent } from "@agentwrit/testing/client"
import type { FakeTime } from "@agentwrit/testing/fake-time"
import { signedByBroker } from "@agentwrit/testing/forged-tokens"
import type { Proxy as BrokerProxy, Intercept } from "@agentwrit/testing/proxy"
import { testVerifier, verdict } from "@agentwrit/testing/verifying"

/** The path of the feed. */
export const FEED = "/v1/revocations"

/** No request times out: these tests advance the time in steps, and the network needs real time. */
export const NO_TIMEOUT = { timeoutMs: 2 ** 31 - 1 } as const

/** A verifier behind a proxy, and an agent whose token it accepts. */
export async function behindProxy(
  { time, proxy, admin }: { time: FakeTime; proxy: BrokerProxy; admin: string },
  options: { maxStalenessMs?: number } = {},
) {
  const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT, ...options })
  const { access_token, agent_id } = await agent(proxy.target, admin)
  const judged = () => verdict(verifier, access_token)
  await time.passUntil(async () => (await judged()) === agent_id)
  const feedCalls = () => proxy.seen.filter((line) => line.includes(FEED)).length
  return { verifier, judged, access_token, agent_id, feedCalls }
}

/** Lets every request for the feed fail. */
export const cutFeed: Intercept = (incoming, answer) => {
  if (incoming.url?.startsWith(FEED) !== true) return "pass"
  answer.destroy()
  return "taken"
}

/** Answers a request for the feed with a stream that begins with these messages and stays open. */
export const streaming = (...messages: string[]): Intercept => {
  return (incoming, answer) => {
    if (incoming.url?.startsWith(FEED) !== true) return "pass"
    answer.writeHead(200, { "content-type": "text/event-stream" })
    for (const jws of messages) answer.write(`data: ${jws}\n\n`)
    return "taken"
  }
}

/** A message of the feed, signed with the broker's own key. */
export function feedMessage(broker: TestBroker, kid: string, changes: Record<string, unknown>): string {
  const iat = Math.floor(Date.now() / 1000)
  const header = { alg: "EdDSA", typ: "agentwrit-revocations+jwt", kid }
  const payload = { from: 0, to: 0, head: 0, reset: false, entries: [], iat, fresh_until: iat + 30, ...changes }
  return signedByBroker(broker, header, payload)
}
