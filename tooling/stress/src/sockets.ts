import { connect } from "node:net"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { answerProblems, type RawAnswer } from "./answers.ts"
import type { Scenario } from "./stage.ts"

/** A slow client has 5 s for its headers and 15 s for all; the broker looks once a second. */
const CUT_OFF_MS = 25_000

/** How long a well-behaved client waits at most. */
const SERVED_WITHIN_MS = 5000

/** Bytes that no HTTP client would send, while another client is served. */
export const sockets: Scenario = {
  name: "sockets",
  isPatient: true,
  async run(stage) {
    const seed = stage.seed()
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet" })
    const { url } = broker
    const { hostname, port } = new URL(url)
    const idle = Array.from({ length: stage.profile.sockets.idle }, () => connect(Number(port), hostname))
    for (const socket of idle) socket.on("error", () => undefined)
    let isOver = false
    const served = (async (): Promise<void> => {
      for (let longest = 0; ; ) {
        const began = performance.now()
        const { status } = await call(url, "GET /v1/challenge")
        longest = Math.max(longest, performance.now() - began)
        const isServed = status === 200 && longest <= SERVED_WITHIN_MS
        if (isOver || !isServed) {
          stage.check(isServed ? [] : [`another client got ${status} after ${longest.toFixed(0)} ms`], seed)
          return void stage.notes.push(`another client waited ${longest.toFixed(0)} ms at most`)
        }
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    await Promise.all(ABUSES.map(async (abuse) => stage.check(await abuseProblems(url, abuse), seed, abuse.name)))
    isOver = true
    await served
    for (const socket of idle) socket.destroy()
    const { stderr } = broker.output()
    stage.check(stderr === "" ? [] : [`the log says: ${stderr.slice(0, 2000)}`], seed)
    stage.notes.push(`${ABUSES.length} abuses, ${idle.length} idle connections`)
  },
}

/** One way to break HTTP. */
export interface Abuse {
  readonly name: string
  readonly pieces: readonly string[]
  /** The statuses of all answers, in order. The connection must end after them. */
  readonly answers: readonly number[]
  readonly pauseMs?: number
}

const HOST = "Host: broker\r\n"
const GET = `GET /v1/challenge HTTP/1.1\r\n${HOST}\r\n`
const BODY = '{"token":"x"}'
const CHUNK = `d\r\n${BODY}\r\n`
const post = (headers: string): string => `POST /v1/token/validate HTTP/1.1\r\n${HOST}${headers}\r\n`

/** A request that the parser refuses; the request after it must not be answered. */
const refused = (name: string, ...pieces: string[]): Abuse => ({ name, pieces: [...pieces, GET], answers: [400] })

const ABUSES: readonly Abuse[] = [
  {
    name: "headers that never end",
    pieces: [`GET /v1/health HTTP/1.1\r\n${HOST}`, ...Array.from({ length: 60 }, () => "X-Slow: 1\r\n")],
    pauseMs: 400,
    answers: [408],
  },
  {
    name: "a body that never ends",
    pieces: [post("Content-Length: 1000\r\n"), ...Array.from({ length: 60 }, () => "x")],
    pauseMs: 400,
    answers: [408],
  },
  {
    name: "chunks without end",
    pieces: [
      post("Transfer-Encoding: chunked\r\n"),
      ...Array.from({ length: 40 }, () => `10000\r\n${"x".repeat(0x10000)}\r\n`),
    ],
    answers: [413],
  },
  refused("two lengths", post("Content-Length: 13\r\nContent-Length: 14\r\n"), BODY),
  refused("a length and chunks", post("Content-Length: 13\r\nTransfer-Encoding: chunked\r\n"), CHUNK, "0\r\n\r\n"),
  refused("a negative length", post("Content-Length: -1\r\n")),
  refused("a length beyond all numbers", post("Content-Length: 99999999999999999999\r\n")),
  refused("chunked twice", post("Transfer-Encoding: chunked, chunked\r\n"), CHUNK, "0\r\n\r\n"),
  refused("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
  refused("a bare line feed", `GET /v1/health HTTP/1.1\n${HOST}X: 1\r\n y\r\n\r\n`),
  refused("a null byte in a header", `GET /v1/health HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`),
  refused("HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  {
    name: "a header of a megabyte",
    pieces: [`GET /v1/health HTTP/1.1\r\n${HOST}X: `, "x".repeat(1024 * 1024), "\r\n\r\n"],
    answers: [431],
  },
]

/** Sends the pieces, and returns what is wrong with the answers. */
export async function abuseProblems(
  url: string,
  { pieces, pauseMs = 0, answers: expected }: Abuse,
  cutOffMs = CUT_OFF_MS,
): Promise<string[]> {
  const { hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
  let text = ""
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
  socket.on("error", () => undefined)
  const closed = new Promise<boolean>((resolve) => {
    socket.once("close", () => resolve(true)).once("end", () => resolve(true))
    setTimeout(() => resolve(false), cutOffMs).unref()
  })
  for (const piece of pieces) {
    if (socket.destroyed || socket.readableEnded) break
    socket.write(piece, "latin1")
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  const problems = (await closed) ? [] : [`the connection is still open after ${cutOffMs} ms`]
  socket.destroy()
  const { answers, rest } = rawAnswers(text)
  const statuses = answers.map(({ status }) => status).join()
  if (statuses !== expected.join())
    problems.push(`answered with "${statuses.slice(0, 100)}", not "${expected.join().slice(0, 100)}"`)
  if (rest !== "") problems.push(`no complete answer: ${rest.slice(0, 500)}`)
  problems.push(...answers.flatMap((answer) => answerProblems(answer)))
  return problems
}

/** The complete answers in a text, and what follows them. */
function rawAnswers(text: string): { answers: RawAnswer[]; rest: string } {
  const answers: RawAnswer[] = []
  for (let at = 0; ; ) {
    const end = text.indexOf("\r\n\r\n", at)
    const headers = text.slice(at, end)
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(headers)?.[1]
    const length = /^content-length: (\d+)\r?$/im.exec(headers)?.[1]
    const next = end + 4 + Number(length)
    if (end === -1 || status === undefined || !(next <= text.length)) return { answers, rest: text.slice(at) }
    answers.push({ status: Number(status), headers, text: text.slice(end + 4, next) })
    at = next
  }
}
