import { type Agent, request } from "node:http"
import type { RawAnswer } from "./answer-problems.ts"
import type { Asked } from "./request-maker.ts"

/** An answer did not come, or not whole. */
export class HangError extends Error {}

/** Sends a request as it is. `hang`: milliseconds after which an answer that is not there whole is a hang. */
export function send(
  url: string,
  { method, path, headers, body }: Asked,
  sockets: Agent,
  hang: number,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = method === "GET" || method === "HEAD" ? "" : (body ?? "")
    // Node's client frames no body of a DELETE by itself.
    const framed = { ...headers, "content-length": String(Buffer.byteLength(sent)) }
    const asked = request(url + path, { method, headers: framed, agent: sockets }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text, headers: linesOf(response.rawHeaders) }),
      )
      response.on("error", reject)
    })
    // Not the timeout of the socket, which an answer that drips in never meets.
    const timer = setTimeout(() => {
      reject(new HangError(`no answer within ${hang} ms`))
      asked.destroy()
    }, hang)
    asked.on("close", () => clearTimeout(timer))
    asked.on("error", reject)
    asked.end(sent)
  })
}

/** Names and values stand by turns in what Node gives. */
const linesOf = (raw: readonly string[]): string =>
  raw.map((word, at) => (at % 2 === 0 ? `${word}: ` : `${word}\n`)).join("")
