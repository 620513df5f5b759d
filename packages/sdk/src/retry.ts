import type { Repeatable } from "./call.ts"
import { AgentWritError, BrokerError, NetworkError } from "./errors.ts"

/** Milliseconds before the first repetition; each further one waits about twice as long. */
const FIRST_DELAY = 200

/** Longest wait before a repetition, in milliseconds. A broker that asks for more is not called again: its error says when. */
const MAX_DELAY = 10_000

/**
 * Milliseconds to wait before sending a call again after this error; `undefined` when it must not be sent again.
 * @param attempt how often it was sent, from 1.
 */
export function retryDelay(error: unknown, repeatable: Repeatable, attempt: number): number | undefined {
  if (!isPassing(error) || !(repeatable === "always" || didNothing(error))) return undefined
  const asked = (error.retryAfter ?? 0) * 1000
  if (asked > MAX_DELAY) return undefined
  // Spread, so that callers that failed together do not come back together.
  const backoff = FIRST_DELAY * 2 ** (attempt - 1) * (0.5 + Math.random())
  return Math.min(Math.max(asked, backoff), MAX_DELAY)
}

/** Whether it may go better later: nothing answered, or a broker or proxy that is overrun or in trouble. */
export function isPassing(error: unknown): error is AgentWritError {
  if (!(error instanceof AgentWritError)) return false
  const { status = 0 } = error
  return error instanceof NetworkError || status === 429 || status >= 500
}

/** Whether the broker certainly did not act. Of a 503 it does not tell: its disk may have failed in the act (CONTRACT 4). */
function didNothing(error: AgentWritError): boolean {
  return error instanceof BrokerError ? error.status === 429 : NEVER_CONNECTED.has(causeCode(error))
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
