import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { address, floodOf, head } from "./flood.ts"
import { manyStreams } from "./flood-streams.ts"
import { badToken, oneSource, trailVerdict } from "./flood-trail.ts"
import type { Scenario, Stage } from "./stage.ts"

/** Events of a renewal that is refused, when it has its own: the bad token, the renewal. */
const EVENTS_OF_RENEWAL = 2

/** Events of a registration: the launch token, the agent, its token. */
const EVENTS_OF_REGISTRATION = 3

/** Events beside: the start, the sign-in, the revocation that the streams tell of. */
const OTHER_EVENTS = 10

/** Strangers in great number: memory flat, the trail bounded, and those who are signed in still served. */
export const floods: Scenario = {
  name: "floods",
  run: (stage) => floodBroker(stage),
}

/** Floods one broker in every way. */
export async function floodBroker(stage: Stage, environment: Record<string, string> = {}): Promise<void> {
  const row = stage.report.row("floods")
  const seed = stage.seed()
  const { challenges, ofOneSource, badTokens, keys, streams } = stage.profile.floods
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, {
    ...{ AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400" },
    ...environment,
  })
  const since = performance.now()
  const flooded = { broker, admin: await adminToken(broker.url), row, seed }
  let token = 0
  let key = 0
  const secret = JSON.stringify({ client_id: "nobody", client_secret: "0".repeat(64) })
  const signIn = () => {
    const lines = `X-Forwarded-For: ${address(key++)}\r\nContent-Length: ${secret.length}\r\n`
    return `${head("POST /v1/app/auth", lines)}${secret}`
  }
  let registrations = await floodOf(flooded, {
    ...{ name: "challenges", count: challenges, statuses: [200] },
    next: () => head("GET /v1/challenge"),
  })
  registrations += await oneSource(flooded, ofOneSource)
  registrations += await floodOf(flooded, {
    ...{ name: "bad tokens", count: badTokens, statuses: [401] },
    next: () => badToken(token++, address(token % 5000)),
  })
  registrations += await floodOf(flooded, {
    ...{ name: "rate-limit keys", count: keys, statuses: [401, 429] },
    next: signIn,
  })
  row.check(await manyStreams(flooded, streams), seed)
  const { problems, untried } = await trailVerdict(flooded, {
    since,
    denied: EVENTS_OF_RENEWAL * (ofOneSource + badTokens) + keys,
    served: EVENTS_OF_REGISTRATION * registrations + OTHER_EVENTS,
  })
  if (untried) stage.report.skip("floods", "the trail's bound, which this machine is too slow to exceed")
  else row.check(problems, seed)
}
