import { connect, type Socket } from "node:net"
import { call } from "@agentwrit/testing/client"
import { SERVED } from "./bystander.ts"
import { rawAnswers } from "./raw-answers.ts"

/** Connections that are opened at once. */
const AT_ONCE = 250

/** Milliseconds after which one that has never said anything is told so. */
const SILENCE = 5000

/**
 * Connections that say nothing cost memory and descriptors, but keep nobody waiting, and are held. Half of them have asked something
 * before, so that the broker, and not only the kernel, has taken them; of all it is seen by an answer that they were still there.
 */
export async function idleConnections(url: string, count: number, notes: string[]): Promise<string[]> {
  const idle: Idle[] = []
  for (let begun = 0; begun < count; begun += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - begun) }, () => new Idle(url))
    idle.push(...batch)
    await Promise.all(batch.filter((_, at) => at % 2 === 0).map((one) => one.ask()))
  }
  const began = performance.now()
  const answer = await call(url, "GET /v1/challenge").catch((error: Error) => error)
  const took = performance.now() - began
  const held: boolean[] = []
  for (let at = 0; at < count; at += AT_ONCE)
    held.push(...(await Promise.all(idle.slice(at, at + AT_ONCE).map((one) => one.isHeld()))))
  for (const one of idle) one.end()
  const open = held.filter((isHeld) => isHeld).length
  notes.push(`${open} idle connections, a challenge beside them took ${took.toFixed(0)} ms`)
  return [
    ...(open === count ? [] : [`only ${open} of ${count} idle connections were held`]),
    ...(!(answer instanceof Error) && answer.status === 200 && took < SERVED
      ? []
      : [`a challenge beside ${open} idle connections: ${"status" in answer ? answer.status : answer} in ${took} ms`]),
  ]
}

/** A connection that mostly says nothing. */
class Idle {
  readonly #socket: Socket
  readonly #host: string
  readonly #began = performance.now()
  #text = ""
  #isEnded = false
  #changed: () => void = () => undefined

  constructor(url: string) {
    const { host, hostname, port } = new URL(url)
    this.#host = host
    this.#socket = connect(Number(port), hostname)
    this.#socket.setEncoding("latin1").on("data", (chunk: string) => {
      this.#text += chunk
      this.#changed()
    })
    this.#socket.on("error", () => undefined)
    this.#socket.on("close", () => {
      this.#isEnded = true
      this.#changed()
    })
  }

  /** Asks for a challenge; answers the status, or none when the connection ended instead. */
  async ask(): Promise<number | undefined> {
    this.#socket.write(`GET /v1/challenge HTTP/1.1\r\nHost: ${this.#host}\r\n\r\n`)
    return this.#answer()
  }

  /** Whether the broker still had it, or had told it that it was silent for too long. */
  async isHeld(): Promise<boolean> {
    const status = await this.ask()
    return status === 200 || (status === 408 && performance.now() - this.#began > SILENCE)
  }

  end(): void {
    this.#socket.destroy()
  }

  /** The next answer's status. */
  async #answer(): Promise<number | undefined> {
    for (;;) {
      const [answer] = rawAnswers(this.#text).answers
      if (answer !== undefined) {
        this.#text = ""
        return answer.status
      }
      if (this.#isEnded) return undefined
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }
}
