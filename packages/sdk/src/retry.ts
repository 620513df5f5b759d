import type { Repeatable } from "./call.ts"
import { BrokerError, NetworkError, UnexpectedAnswerError } from "./errors.ts"

/** Milliseconds before the first repetition; each further one waits about twice as long. */
const FIRST_DELAY = 200

/** Longest wait before a repetition, in milliseconds. A broker that asks for more is not called again: its error says when. */
const MAX_DELAY = 10_000

/** Statuses of a proxy, or of a broker in trouble, that pass. */
const PASSING = new Set([500, 502, 503, 504])

/**
 * Milliseconds to wait before sending a call again after this error; `undefined` when it must not be sent again.
 * @param attempt how often it was sent, from 1.
 * @param random from 0 to 1: waits are spread, so that callers that failed together do not come back together.
 */
export function retryDelay(
  error: unknown,
  repeatable: Repeatable,
  attempt: number,
  random: number = Math.random(),
): number | undefined {
  if (!(repeatable === "always" ? isPassing(error) : didNothing(error))) return undefined
  const asked = error instanceof BrokerError ? (error.retryAfter ?? 0) * 1000 : 0
  if (asked > MAX_DELAY) return undefined
  const backoff = FIRST_DELAY * 2 ** (attempt - 1) * (0.5 + random)
  return Math.min(Math.max(asked, backoff), MAX_DELAY)
}

function isPassing(error: unknown): boolean {
  if (error instanceof NetworkError) return true
  if (error instanceof BrokerError) return error.status === 429 || PASSING.has(error.status)
  return error instanceof UnexpectedAnswerError && PASSING.has(error.status)
}

/** Whether the broker certainly did not act: it refused before acting (CONTRACT 1), or no connection came about. */
function didNothing(error: unknown): boolean {
  if (error instanceof BrokerError) return error.code === "rate_limited" || error.code === "unavailable"
  return error instanceof NetworkError && NEVER_CONNECTED.has(causeCode(error))
}

const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])

/** The code of what `fetch` failed of, where the platform tells; an address that has several is tried at each. */
function causeCode(error: Error): string {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause)
    if ("code" in cause && typeof cause.code === "string") return cause.code
  return ""
}

/** Waits, or rejects with the signal's reason as soon as it aborts. */
export function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener("abort", stop, { once: true })
  })
}
