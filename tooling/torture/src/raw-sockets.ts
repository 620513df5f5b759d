import { connect, type Socket } from "node:net"
import { type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { call } from "@agentwrit/e2e/client"
import type { Scenario } from "./stage.ts"

/** Milliseconds in which a slow client is cut off: 5 s for headers, 15 s for all, and the second that looking takes. */
const CUT_OFF = 22_000

/** One way of not speaking HTTP as it is meant. */
export interface Abuse {
  readonly name: string
  /** What is written, piece by piece; a pause between two. */
  readonly pieces: (host: string) => Iterable<string>
  /** Milliseconds between pieces. */
  readonly pause?: number
  /** The statuses that may come back; none: the connection has to end, with or without an answer. */
  readonly statuses: readonly number[]
  /** Ends our side after the last piece. */
  readonly halfClose?: true
}

const post = (host: string, headers: string): string =>
  `POST /v1/token/validate HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`

/** Requests that no client library would send. */
const ABUSES: readonly Abuse[] = [
  {
    name: "headers that never end",
    *pieces(host) {
      yield `GET /v1/health HTTP/1.1\r\nHost: ${host}\r\n`
      for (let line = 0; line < 60; line++) yield `X-Slow-${line}: 1\r\n`
    },
    pause: 400,
    statuses: [408],
  },
  {
    name: "a body that never ends",
    *pieces(host) {
      yield post(host, "Content-Length: 1000\r\n")
      for (let byte = 0; byte < 60; byte++) yield "x"
    },
    pause: 400,
    statuses: [408],
  },
  {
    name: "chunks without end",
    *pieces(host) {
      yield post(host, "Transfer-Encoding: chunked\r\n")
      for (let chunk = 0; chunk < 40; chunk++) yield `10000\r\n${"x".repeat(0x10000)}\r\n`
    },
    statuses: [413],
  },
  {
    name: "tiny chunks without end",
    *pieces(host) {
      yield post(host, "Transfer-Encoding: chunked\r\n")
      for (let chunk = 0; chunk < 60; chunk++) yield "1\r\nx\r\n"
    },
    pause: 400,
    statuses: [408],
  },
  {
    name: "a chunk size that is none",
    pieces: (host) => [post(host, "Transfer-Encoding: chunked\r\n"), "zz\r\n"],
    statuses: [],
  },
  {
    name: "two lengths",
    pieces: (host) => [post(host, "Content-Length: 2\r\nContent-Length: 3\r\n"), "{}"],
    statuses: [400],
  },
  {
    name: "a length and chunks",
    pieces: (host) => [post(host, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"), "0\r\n\r\n"],
    statuses: [400],
  },
  { name: "a negative length", pieces: (host) => [post(host, "Content-Length: -1\r\n")], statuses: [400] },
  {
    name: "a length beyond all",
    pieces: (host) => [post(host, "Content-Length: 99999999999999999999\r\n")],
    statuses: [400, 413],
  },
  {
    name: "chunked twice",
    pieces: (host) => [post(host, "Transfer-Encoding: chunked, chunked\r\n"), "0\r\n\r\n"],
    statuses: [400, 200],
  },
  {
    name: "a header of a megabyte",
    pieces: (host) => [`GET /v1/health HTTP/1.1\r\nHost: ${host}\r\nX-Huge: `, "x".repeat(1024 * 1024), "\r\n\r\n"],
    statuses: [431],
  },
  {
    name: "a path of a megabyte",
    pieces: (host) => [`GET /${"x".repeat(1024 * 1024)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    statuses: [431, 414],
  },
  { name: "no HTTP at all", pieces: () => ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], statuses: [400] },
  {
    name: "a bare line feed for an end",
    pieces: (host) => [`GET /v1/health HTTP/1.1\nHost: ${host}\nX: 1\r\n y\r\n\r\n`],
    statuses: [400, 200],
  },
  {
    name: "a null byte in a header",
    pieces: (host) => [`GET /v1/health HTTP/1.1\r\nHost: ${host}\r\nX: a\0b\r\n\r\n`],
    statuses: [400],
  },
  { name: "HTTP/2 without asking", pieces: () => ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], statuses: [400] },
  { name: "CONNECT", pieces: (host) => [`CONNECT example.com:443 HTTP/1.1\r\nHost: ${host}\r\n\r\n`], statuses: [405] },
  {
    name: "an upgrade",
    pieces: (host) => [
      `GET /v1/health HTTP/1.1\r\nHost: ${host}\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n`,
    ],
    statuses: [200],
  },
  {
    name: "half closed before the body",
    pieces: (host) => [post(host, "Content-Length: 10\r\n"), "abc"],
    halfClose: true,
    statuses: [],
  },
  {
    name: "half closed after a whole request",
    pieces: (host) => [`GET /v1/health HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    halfClose: true,
    statuses: [200],
  },
  { name: "nothing at all", pieces: () => [], halfClose: true, statuses: [] },
  {
    name: "a thousand requests in one piece",
    pieces: (host) => [`GET /v1/challenge HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(1000)],
    halfClose: true,
    statuses: [200],
  },
]

/** What no HTTP client would send, byte by byte, while another is served. */
export const rawSockets: Scenario = {
  name: "sockets",
  isPatient: true,
  async run(stage) {
    const row = stage.report.row("sockets")
    const seed = stage.seed()
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet" })
    await Promise.all(ABUSES.map(async (abuse) => row.check(await tryAbuse(broker, abuse), seed)))
    row.check(await idleConnections(broker, stage.profile.sockets.idle, row.notes), seed)
    const { stderr } = broker.output()
    row.check(stderr === "" ? [] : [`the log says: ${stderr.slice(0, 2000)}`], seed)
  },
}

/** What was not as it must be. `cutOff`: milliseconds after which the connection must have ended. */
export async function tryAbuse(
  { url }: BrokerProcess,
  { name, pieces, pause = 0, statuses, halfClose }: Abuse,
  cutOff: number = CUT_OFF,
): Promise<string[]> {
  const { host, hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  let text = ""
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
  const closed = new Promise<boolean>((resolve) => {
    socket.once("close", () => resolve(true)).once("end", () => resolve(true))
    setTimeout(() => resolve(false), cutOff).unref()
  })
  socket.on("error", () => undefined)
  for (const piece of pieces(host)) {
    if (socket.destroyed || socket.readableEnded) break
    socket.write(piece, "latin1")
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
  }
  if (halfClose === true) socket.end()
  const isEnded = await closed
  socket.destroy()
  const problems: string[] = []
  if (!isEnded) problems.push(`${name}: the connection is still open after ${cutOff} ms`)
  const answers = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
  for (const status of answers.slice(0, 1))
    if (statuses.length > 0 && !statuses.includes(status))
      problems.push(`${name}: answered with ${status}: ${text.slice(0, 500)}`)
  if (answers.length === 0 && statuses.length > 0) problems.push(`${name}: no answer came`)
  if (answers.some((status) => status >= 500 && status !== 503)) problems.push(`${name}: ${text.slice(0, 500)}`)
  if (/^\s+at /m.test(text)) problems.push(`${name}: a stack trace came: ${text.slice(0, 500)}`)
  const named = text.match(/^x-request-id:/gim)?.length ?? 0
  if (named < answers.length) problems.push(`${name}: an answer has no X-Request-ID: ${text.slice(0, 500)}`)
  return problems
}

/** They cost memory and descriptors, and nobody else is kept waiting. */
async function idleConnections({ url }: BrokerProcess, count: number, notes: string[]): Promise<string[]> {
  const { hostname, port } = new URL(url)
  const sockets: Socket[] = []
  let open = 0
  for (let begun = 0; begun < count; begun += 250) {
    await Promise.all(
      Array.from({ length: 250 }, () => {
        const socket = connect(Number(port), hostname)
        sockets.push(socket)
        return new Promise<void>((resolve) => {
          socket.once("connect", () => {
            open++
            resolve()
          })
          socket.once("error", () => resolve())
        })
      }),
    )
  }
  const began = performance.now()
  const answer = await call(url, "GET /v1/challenge")
  const took = performance.now() - began
  for (const socket of sockets) socket.destroy()
  notes.push(`${open} idle connections, a challenge beside them took ${took.toFixed(0)} ms`)
  return [
    ...(open === count ? [] : [`only ${open} of ${count} idle connections were taken`]),
    ...(answer.status === 200 && took < 2000
      ? []
      : [`beside ${open} idle connections: ${answer.status} in ${took} ms`]),
  ]
}
