import { connect } from "node:net"
import { type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { answerProblems } from "./answer-problems.ts"
import { Bystander } from "./bystander.ts"
import { idleConnections } from "./idle-connections.ts"
import { rawAnswers } from "./raw-answers.ts"
import { Secrets } from "./secrets.ts"
import { ABUSES, type Abuse } from "./socket-abuses.ts"
import type { Scenario } from "./stage.ts"

/** Milliseconds in which a slow client is cut off: 5 s for headers, 15 s for all, and the second that looking takes. */
const CUT_OFF = 22_000

/** What no HTTP client would send, byte by byte, while another is served. */
export const rawSockets: Scenario = {
  name: "sockets",
  isPatient: true,
  async run(stage) {
    const row = stage.report.row("sockets")
    const seed = stage.seed()
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400" })
    await using bystander = await Bystander.of(broker.url, await adminToken(broker.url))
    await Promise.all(ABUSES.map(async (abuse) => row.check(await tryAbuse(broker, abuse), seed)))
    row.check(await idleConnections(broker.url, stage.profile.sockets.idle, row.notes), seed)
    const { problems, told } = await bystander.stop()
    row.check(problems, seed)
    row.note(told)
    const { stderr } = broker.output()
    row.check(stderr === "" ? [] : [`the log says: ${stderr.slice(0, 2000)}`], seed)
  },
}

/** What was not as it must be. `cutOff`: milliseconds after which the connection must have ended. */
export async function tryAbuse(
  { url }: BrokerProcess,
  { name, pieces, pause = 0, answers: expected, halfClose }: Abuse,
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
  const { answers, rest } = rawAnswers(text)
  const statuses = answers.map(({ status }) => status)
  if (statuses.join() !== expected.join())
    problems.push(`${name}: answered with ${counted(statuses)} instead of ${counted(expected)}: ${text.slice(0, 500)}`)
  if (rest !== "") problems.push(`${name}: no answer, or half of one: ${rest.slice(0, 500)}`)
  for (const answer of answers) problems.push(...answerProblems(name, answer, new Secrets()))
  return problems
}

/** Statuses in words, those in a row that are the same as one. */
function counted(statuses: readonly number[]): string {
  const runs: [status: number, times: number][] = []
  for (const status of statuses) {
    const last = runs.at(-1)
    if (last?.[0] === status) last[1]++
    else runs.push([status, 1])
  }
  return runs.map(([status, times]) => (times === 1 ? `${status}` : `${times} times ${status}`)).join(", ") || "nothing"
}
