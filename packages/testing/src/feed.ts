import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto"
import { once } from "node:events"
import { type ClientRequest, type IncomingMessage, request } from "node:http"
import { call } from "./client.ts"

// Written from CONTRACT 5 alone.

/** A message of the feed, verified. */
export interface Message {
  readonly from: number
  readonly to: number
  readonly head: number
  readonly reset: boolean
  readonly entries: { seq: number; level: string; digest: string; exp: number | null }[]
  readonly iat: number
  readonly fresh_until: number
}

export const digestOf = (level: string, target: string): string =>
  createHash("sha256").update(`agentwrit-revocation-v1:${level}:${target}`).digest("base64url")

/** Verifies messages as a resource server would, by the published keys. */
export async function feedVerifier(url: string): Promise<(jws: string) => Message> {
  const { keys } = (await call(url, "GET /.well-known/jwks.json")).body
  const byId = new Map<string, KeyObject>(
    keys.map((jwk: { kid: string }) => [jwk.kid, createPublicKey({ key: jwk, format: "jwk" })]),
  )
  return (jws) => {
    const [header = "", payload = "", signature = ""] = jws.split(".")
    const text = Buffer.from(header, "base64url").toString()
    const { kid } = JSON.parse(text)
    if (text !== `{"alg":"EdDSA","typ":"agentwrit-revocations+jwt","kid":"${kid}"}`) throw new Error(`header ${text}`)
    const key = byId.get(kid)
    const signed = Buffer.from(`${header}.${payload}`)
    if (key === undefined || !verify(null, signed, key, Buffer.from(signature, "base64url")))
      throw new Error("signature is false")
    return JSON.parse(Buffer.from(payload, "base64url").toString())
  }
}

/** An open event stream, and the text that it has sent so far. */
export interface FeedStream extends Disposable {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly events: { readonly id: string; readonly data: string; readonly at: number }[]
  /** Resolves when the stream ends, also after an error. */
  readonly ended: Promise<void>
}

/** Opens the feed as an event stream. */
export async function openFeed(url: string, since = 0, headers: Record<string, string> = {}): Promise<FeedStream> {
  const asked: ClientRequest = request(`${url}/v1/revocations?since=${since}`, {
    headers: { accept: "text/event-stream", ...headers },
    agent: false,
  }).end()
  const [response] = (await once(asked, "response")) as [IncomingMessage]
  const events: { id: string; data: string; at: number }[] = []
  let text = ""
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const found = /^id: (\d+)\ndata: (\S+)$/.exec(text.slice(0, end))
      if (found?.[1] === undefined || found[2] === undefined) throw new Error(`no event: ${text.slice(0, end)}`)
      events.push({ id: found[1], data: found[2], at: performance.now() })
      text = text.slice(end + 2)
    }
  })
  response.on("error", () => undefined)
  asked.on("error", () => undefined)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    ended: new Promise((resolve) => response.once("close", () => resolve())),
    [Symbol.dispose]: () => asked.destroy(),
  }
}
