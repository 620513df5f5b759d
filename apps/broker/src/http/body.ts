import type { IncomingMessage } from "node:http"
import { Refusal } from "@agentwrit/authority"
import { Quota } from "./quota.ts"

/** The largest body of a request (CONTRACT 1). */
const MAX_BODY_BYTES = 1_048_576

/**
 * Nearly every honest body is smaller. Only a larger one needs a place, so large bodies never keep out a revocation.
 */
const MAX_SMALL_BODY_BYTES = 16 * 1024

/** Places for large bodies that are being received. Slow senders could otherwise fill the memory. */
export const createLargeBodyQuota = (): Quota => new Quota({ perSource: 8, total: 64 })

const tooLarge = (): Refusal =>
  new Refusal("payload_too_large", { detail: `the body is larger than ${MAX_BODY_BYTES} bytes` })

/** There is no place for another large body. */
export class TooManyBodiesError extends Error {
  override readonly name = "TooManyBodiesError"
}

/** The client went away before it had sent the whole body, so no answer is sent. */
export class BodyAbortedError extends Error {
  override readonly name = "BodyAbortedError"
}

const EMPTY = new Uint8Array(0)

/**
 * Whether a request has a body.
 * @param incoming Node's request behind `request`; absent when the app is called in process.
 */
export function hasBody(request: Request, incoming: IncomingMessage | undefined): boolean {
  if (incoming === undefined) return request.body !== null
  const { headers } = incoming
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined
}

/**
 * Reads a request's body, and stops at the limit, also when it is chunked and declares no length.
 * @param incoming as for {@link hasBody}.
 * @param acquirePlace takes a place for a large body, and returns what releases it.
 * @throws {@link Refusal} `payload_too_large`, TooManyBodiesError or BodyAbortedError
 */
export function readBody(
  request: Request,
  incoming: IncomingMessage | undefined,
  acquirePlace: () => (() => void) | undefined,
): Promise<Uint8Array> {
  if (!hasBody(request, incoming)) return Promise.resolve(EMPTY)
  if (incoming === undefined) return collect(request.body)
  const length = incoming.headers["content-length"]
  return receive(incoming, length === undefined ? undefined : Number(length), acquirePlace)
}

function receive(
  incoming: IncomingMessage,
  declared: number | undefined,
  acquirePlace: () => (() => void) | undefined,
): Promise<Uint8Array> {
  return new Promise<Uint8Array>((resolve, reject) => {
    let room: Uint8Array = EMPTY
    let length = 0
    let release: (() => void) | undefined
    const end = (): void => {
      release?.()
      release = undefined
    }
    const refuse = (error: Error): void => {
      incoming.removeAllListeners("data")
      incoming.pause()
      room = EMPTY
      end()
      reject(error)
    }
    /**
     * Makes room for that many bytes. All chunks go to one piece of memory: kept apart, tiny ones take 300 bytes each.
     */
    const makeRoom = (needed: number): boolean => {
      if (needed > MAX_BODY_BYTES) {
        refuse(tooLarge())
        return false
      }
      const isLarge = needed > MAX_SMALL_BODY_BYTES
      if (isLarge) release = acquirePlace()
      if (isLarge && release === undefined) {
        refuse(new TooManyBodiesError())
        return false
      }
      const larger = Buffer.allocUnsafe(declared ?? (isLarge ? MAX_BODY_BYTES : MAX_SMALL_BODY_BYTES))
      larger.set(room)
      room = larger
      return true
    }
    if (declared !== undefined && !makeRoom(declared)) return
    incoming.on("data", (chunk: Buffer) => {
      if (length + chunk.length > room.length && !makeRoom(length + chunk.length)) return
      room.set(chunk, length)
      length += chunk.length
    })
    incoming.on("end", () => {
      end()
      resolve(room.subarray(0, length))
    })
    const abort = (): void => {
      // "close" comes after "end" too; creating an error for nothing would cost more than reading the body.
      if (incoming.readableEnded) return
      end()
      reject(new BodyAbortedError())
    }
    incoming.on("error", abort)
    incoming.on("close", abort)
  })
}

async function collect(stream: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream ?? []) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
