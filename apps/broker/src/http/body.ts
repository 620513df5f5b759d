import type { IncomingMessage } from "node:http"
import { Refusal } from "@agentwrit/authority"
import { GatheredBytes } from "./gathered-bytes.ts"
import { SourceQuota } from "./source-quota.ts"

/** Bytes of a request's body (CONTRACT 1). */
const MAX_BODY = 1_048_576

/** Refuses a body that is larger than {@link MAX_BODY}. */
const tooLarge = (): Refusal =>
  new Refusal("payload_too_large", { detail: `the body is larger than ${MAX_BODY} bytes` })

/** So many bodies are on their way in that this one found no room. */
export class TooManyBodiesError extends Error {
  override readonly name = "TooManyBodiesError"
}

/**
 * Bytes of each body that count for nothing. Nearly every honest body fits, so that those who fill the bounds below with large
 * ones keep no one's revocation out; how many bodies there are at a time is bounded by the connections.
 */
const UNCOUNTED = 16 * 1024

/** Bounds the bytes of bodies on their way in, over all requests: slow ones could otherwise fill the memory, a little each. */
export const bodiesUnderWay = (): SourceQuota => new SourceQuota({ ofSource: 8 * MAX_BODY, inAll: 64 * MAX_BODY })

/** The client went away before its body was whole: there is no one left to answer. */
export class BodyAbortedError extends Error {
  override readonly name = "BodyAbortedError"
}

const EMPTY = new Uint8Array(0)

/**
 * Reads a request's body, whatever its method, and stops reading at the limit, also when it is chunked and declares no
 * length.
 * @param incoming Node's request behind `request`; absent when the app is called in process.
 * @param source what the bytes on their way in count for.
 * @throws {@link Refusal} `payload_too_large`, TooManyBodiesError or BodyAbortedError
 */
export async function readBody(
  request: Request,
  incoming: IncomingMessage | undefined,
  { underWay, source }: { readonly underWay: SourceQuota; readonly source: string },
): Promise<Uint8Array> {
  if (incoming === undefined) return collect(request.body)
  const declared = incoming.headers["content-length"]
  if (declared === undefined && incoming.headers["transfer-encoding"] === undefined) return EMPTY
  if (Number(declared) > MAX_BODY) throw tooLarge()
  return receive(incoming, underWay, source)
}

function receive(incoming: IncomingMessage, underWay: SourceQuota, source: string): Promise<Uint8Array> {
  return new Promise<Uint8Array>((resolve, reject) => {
    let gathered = new GatheredBytes()
    let counted = 0
    const giveBack = (): void => {
      if (counted > 0) underWay.giveBack(source, counted)
      counted = 0
    }
    const refuse = (error: Error): void => {
      incoming.removeAllListeners("data")
      incoming.pause()
      gathered = new GatheredBytes()
      giveBack()
      reject(error)
    }
    incoming.on("data", (chunk: Buffer) => {
      if (gathered.length + chunk.length > MAX_BODY) return refuse(tooLarge())
      const more = gathered.roomWith(chunk) - UNCOUNTED - counted
      if (more > 0) {
        if (!underWay.take(source, more)) return refuse(new TooManyBodiesError())
        counted += more
      }
      gathered.add(chunk)
    })
    incoming.on("end", () => {
      giveBack()
      resolve(gathered.whole())
    })
    const aborted = (): void => {
      // Every body closes, after its end too; an error made in vain costs more than the rest of the reading.
      if (incoming.readableEnded) return
      giveBack()
      reject(new BodyAbortedError())
    }
    incoming.on("error", aborted)
    incoming.on("close", aborted)
  })
}

async function collect(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  if (stream === null) return EMPTY
  const gathered = new GatheredBytes()
  for await (const chunk of stream) {
    if (gathered.length + chunk.length > MAX_BODY) throw tooLarge()
    gathered.add(chunk)
  }
  return gathered.whole()
}
