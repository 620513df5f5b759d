import { type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { Bystander } from "../src/bystander.ts"
import { idleConnections } from "../src/idle-connections.ts"
import { withFault } from "../src/planted-fault.ts"
import { rawAnswers } from "../src/raw-answers.ts"
import { tryAbuse } from "../src/raw-sockets.ts"
import { ABUSES, type Abuse } from "../src/socket-abuses.ts"

const LONG = { timeout: 90_000 }

/** Milliseconds after which these connections have ended, where the broker is sound. */
const CUT_OFF = 8000

function named(name: string): Abuse {
  const found = ABUSES.find((one) => one.name === name)
  if (found === undefined) throw new TypeError(name)
  return found
}

async function found({ broker, cutOff = CUT_OFF }: Tried, ...abuses: readonly Abuse[]): Promise<string> {
  const problems = await Promise.all(abuses.map((one) => tryAbuse(broker, one, cutOff)))
  return problems.flat().join("\n")
}

interface Tried {
  readonly broker: BrokerProcess
  readonly cutOff?: number
}

test("sockets sees a broker that waits, and one that keeps others waiting", LONG, async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault("waits for slow headers", "reads one body at a time"))
  await using beside = await Bystander.of(broker.url, await adminToken(broker.url))
  const slow = ["headers that never end", "a body that never ends"].map((name) => ({ ...named(name), pause: 100 }))
  const problems = await found({ broker }, ...slow)
  expect(problems).toMatch(/headers that never end: the connection is still open after 8000 ms/)
  expect((await beside.stop()).problems.join("\n")).toMatch(/a client beside them: a validation is not answered, after/)
})

test("sockets sees a broker that answers once, and one that answers too often", LONG, async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(
    folder,
    withFault("answers one request a connection", "answers garbage behind a request"),
  )
  const names = ["a thousand requests in one piece", "half closed before the body", "a chunk size that is none"]
  const problems = await found({ broker }, ...names.map(named))
  expect(problems).toMatch(/a thousand requests in one piece: answered with 200 instead of 1000 times 200/)
  expect(problems).toMatch(/half closed before the body: answered with 400 instead of nothing/)
  expect(problems).toMatch(/a chunk size that is none: answered with 400 instead of nothing/)
  // Those that have asked something before are not held.
  expect(await idleConnections(broker.url, 250, [])).toEqual(["only 125 of 250 idle connections were held"])
  await using beside = await Bystander.of(broker.url, "no token")
  expect((await beside.stop()).problems).toEqual([
    expect.stringMatching(/^a client beside them: a validation is answered with 200 \{"valid":false/),
  ])
})

test("sockets sees a request that is smuggled in, and a broker that hangs up on the silent", LONG, async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault("reads HTTP leniently", "hangs up on the silent"))
  expect(await found({ broker, cutOff: 1000 }, named("a length and chunks"))).toMatch(
    /a length and chunks: answered with 2 times 200 instead of 400/,
  )
  expect(await idleConnections(broker.url, 250, [])).toEqual(["only 125 of 250 idle connections were held"])
})

test("of what a connection brought, what is no whole answer is left over", () => {
  const whole = "HTTP/1.1 200 OK\r\nX-Request-ID: a\r\nContent-Length: 2\r\n\r\n{}"
  const head = "HTTP/1.1 200 OK\r\nX-Request-ID: a\r\nContent-Length: 2"
  expect(rawAnswers(whole + whole)).toEqual({
    answers: [200, 200].map((status) => ({ status, headers: head, text: "{}" })),
    rest: "",
  })
  for (const rest of ["x", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n{}", whole.slice(0, -1)])
    expect(rawAnswers(whole + rest)).toMatchObject({ answers: [{ status: 200 }], rest })
})
