import type { IncomingMessage } from "node:http"
import { Refusal } from "@agentwrit/authority"

/** Bytes of a request's body (CONTRACT 1). */
const MAX_BODY = 1_048_576

/** Refuses a body that is larger than {@link MAX_BODY}. */
const tooLarge = (): Refusal =>
  new Refusal("payload_too_large", { detail: `the body is larger than ${MAX_BODY} bytes` })

/** Bytes of bodies on their way in, over all requests: slow ones could otherwise fill the memory, a little each. */
const MAX_UNDER_WAY = 64 * MAX_BODY

/** The same over the requests of one source, so that no one alone can take all the room, and with it every other's. */
const MAX_OF_SOURCE = 8 * MAX_BODY

/** So many bodies are on their way in that this one found no room. */
export class TooManyBodiesError extends Error {
  override readonly name = "TooManyBodiesError"
}

/** Counts the bytes of bodies on their way in. */
export class BodiesUnderWay {
  #bytes = 0
  readonly #bySource = new Map<string, number>()

  /** Whether there is room for so many more; if so, they count until they are given back. */
  take(source: string, bytes: number): boolean {
    const ofSource = (this.#bySource.get(source) ?? 0) + bytes
    if (this.#bytes + bytes > MAX_UNDER_WAY || ofSource > MAX_OF_SOURCE) return false
    this.#bytes += bytes
    this.#bySource.set(source, ofSource)
    return true
  }

  giveBack(source: string, bytes: number): void {
    this.#bytes -= bytes
    const ofSource = (this.#bySource.get(source) ?? 0) - bytes
    if (ofSource <= 0) this.#bySource.delete(source)
    else this.#bySource.set(source, ofSource)
  }
}

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
  { underWay, source }: { readonly underWay: BodiesUnderWay; readonly source: string },
): Promise<Uint8Array> {
  if (incoming === undefined) return collect(request.body)
  const declared = incoming.headers["content-length"]
  if (declared === undefined && incoming.headers["transfer-encoding"] === undefined) return EMPTY
  if (Number(declared) > MAX_BODY) throw tooLarge()
  return receive(incoming, underWay, source)
}

function receive(incoming: IncomingMessage, underWay: BodiesUnderWay, source: string): Promise<Uint8Array> {
  let counted = 0
  const body = new Promise<Uint8Array>((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY) {
        incoming.removeAllListeners("data")
        incoming.pause()
        reject(tooLarge())
      } else if (underWay.take(source, chunk.length)) {
        counted += chunk.length
        chunks.push(chunk)
      } else {
        incoming.removeAllListeners("data")
        incoming.pause()
        reject(new TooManyBodiesError())
      }
    })
    incoming.once("end", () => resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks)))
    incoming.once("error", () => reject(new BodyAbortedError()))
    // It closes after every body; an error made in vain costs more than the rest of the reading.
    incoming.once("close", () => {
      if (!incoming.readableEnded) reject(new BodyAbortedError())
    })
  })
  return body.finally(() => underWay.giveBack(source, counted))
}

async function collect(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  if (stream === null) return EMPTY
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > MAX_BODY) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
