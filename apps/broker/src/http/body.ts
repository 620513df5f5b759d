import type { IncomingMessage } from "node:http"

/** Bytes of a request's body (CONTRACT 1). */
export const MAX_BODY = 1_048_576

/** The body is larger than {@link MAX_BODY}. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError"
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
 * @throws BodyTooLargeError
 */
export async function readBody(request: Request, incoming: IncomingMessage | undefined): Promise<Uint8Array> {
  if (incoming === undefined) return collect(request.body)
  const declared = incoming.headers["content-length"]
  if (declared === undefined && incoming.headers["transfer-encoding"] === undefined) return EMPTY
  if (Number(declared) > MAX_BODY) throw new BodyTooLargeError()
  return receive(incoming)
}

function receive(incoming: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY) {
        incoming.removeAllListeners("data")
        incoming.pause()
        reject(new BodyTooLargeError())
      } else chunks.push(chunk)
    })
    incoming.once("end", () => resolve(chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks)))
    incoming.once("error", () => reject(new BodyAbortedError()))
    incoming.once("close", () => reject(new BodyAbortedError()))
  })
}

async function collect(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  if (stream === null) return EMPTY
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > MAX_BODY) throw new BodyTooLargeError()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
