import { Agent } from "node:http"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { answerProblems } from "./answer-problems.ts"
import { Credentials } from "./credentials.ts"
import { documentedOperations } from "./documented-operations.ts"
import { handedOut } from "./handed-out.ts"
import { droppedLines, logProblems, trailLeaks } from "./leaks.ts"
import { Random } from "./random.ts"
import { HangError, send } from "./raw-request.ts"
import { requestMaker, triesOf } from "./request-maker.ts"
import { Secrets } from "./secrets.ts"
import type { Scenario, Stage } from "./stage.ts"
import { Tries } from "./tries.ts"

/** Milliseconds after which an answer that is not there whole is a hang. */
const HANG = 15_000

/** Hangs after which no more is asked: each of them holds a client up for that long. */
const HANGS = 5

/** Requests under way at once. */
const CLIENTS = 24

/** Requests that are right, almost right and absurd, for every route of the OpenAPI document. */
export const protocolAbuse: Scenario = {
  name: "protocol",
  run: (stage) => abuseProtocol(stage, stage.profile.protocol.requests),
}

/** How {@link abuseProtocol} differs from its ordinary run. */
export interface AbuseOptions {
  readonly environment?: Record<string, string>
  /** Milliseconds; default: {@link HANG}. */
  readonly hang?: number
}

/** Sends so many requests, and writes down every answer that must not be. */
export async function abuseProtocol(
  stage: Stage,
  count: number,
  { environment = {}, hang = HANG }: AbuseOptions = {},
): Promise<void> {
  const row = stage.report.row("protocol")
  const seed = stage.seed()
  const random = new Random(seed)
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, {
    ...{ AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400" },
    // All that is ever logged, for it is searched.
    AA_LOG_LEVEL: "trace",
    ...environment,
  })
  const { url } = broker
  const secrets = new Secrets()
  const credentials = await Credentials.of(url, secrets)
  const operations = await documentedOperations(url, random.seed)
  const requests = requestMaker(operations, credentials, random)
  const statuses = new Map<number, number>()
  const tries = new Tries()
  const sockets = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  let left = count
  let hangs = 0
  const client = async (): Promise<void> => {
    while (left > 0 && hangs < HANGS && !stage.isOver) {
      left--
      const asked = requests()
      const said = `${asked.method} ${asked.path} ${asked.body?.slice(0, 200)}`
      const answer = await send(url, asked, sockets, hang).catch((error: Error) => error)
      if (answer instanceof Error) {
        if (answer instanceof HangError) hangs++
        row.check([`${said}: ${answer.message}`], seed)
        continue
      }
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const given = handedOut(asked.operation, answer)
      secrets.add(given)
      // A problem names the path that was asked for, whatever stands in it.
      const [path = ""] = asked.path.split("?")
      row.check(answerProblems(said, answer, secrets, answer.status < 300 ? given : path), seed)
      tries.enter(asked.tries, answer.status < 300)
      await credentials.replace({ ...asked, ...answer })
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  sockets.destroy()
  const events = await trail(url, secrets.keep(await adminToken(url)))
  const log = await broker.end("SIGTERM")

  const names = operations.flatMap(triesOf)
  const answered = [...statuses.values()].reduce((sum, times) => sum + times, 0)
  const problems = [...auditProblems(events), ...tries.turnedAway(names)]
  problems.push(...trailLeaks(events, secrets), ...logProblems(log, answered, secrets))
  row.check(problems, seed)

  const why = stage.isOver ? "the time was up" : `${hangs} were not answered`
  if (left > 0) stage.report.skip("protocol", `${left} of ${count} requests, because ${why}`)
  const rare = tries.rare(names)
  if (rare.length > 0) stage.report.skip("protocol", `too few requests to tell whether these work: ${rare.join("; ")}`)
  const dropped = droppedLines(log)
  if (dropped > 0) stage.report.skip("protocol", `the search of ${dropped} lines of the log, which the broker dropped`)
  row.note(
    [...statuses]
      .sort()
      .map((pair) => pair.join(": "))
      .join(", "),
  )
  row.note(`${names.filter((name) => tries.isDone(name)).length} of ${names.length} operations and parameters worked`)
}
