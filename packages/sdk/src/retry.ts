import type { Repeatable } from "./call.ts"
import { AgentWritError, BrokerError, NetworkError } from "./errors.ts"

/** Before the first repetition; the wait about doubles with each further one. */
const FIRST_DELAY_MS = 200

/** A broker that asks for a longer wait is not called again; the error says when to. */
const MAX_DELAY_MS = 10_000

/** How long a call waits for its turn in all, while the broker asks for it. */
const MAX_TURN_MS = 60_000

/** The longest time that timers can count: 32 bits. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The milliseconds to wait before the call is sent again after this error, or `undefined` when it must not be.
 * @param attempt how often it was sent, from 1.
 */
export function retryDelay(error: unknown, repeatable: Repeatable, attempt: number): number | undefined {
  if (!isTransient(error) || !(repeatable !== "unprocessed" || wasNotProcessed(error))) return undefined
  const askedMs = (error.retryAfter ?? 0) * 1000
  if (askedMs > MAX_DELAY_MS) return undefined
  // Random, so that callers that failed together do not return together.
  const backoff = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random())
  return Math.min(Math.max(askedMs, backoff), MAX_DELAY_MS)
}

/**
 * The milliseconds to wait for a turn that the broker names (`Retry-After`), or `undefined` when the error names none
 * or it comes too late.
 * @param waitedMs how long the call has waited for its turn already.
 */
export function turnDelay(error: unknown, repeatable: Repeatable, waitedMs: number): number | undefined {
  if (repeatable !== "in-turn" || !(error instanceof BrokerError) || error.status !== 429) return undefined
  // Up to a quarter more, so that callers that were refused together do not return together.
  const wait = (error.retryAfter ?? 1) * 1000 * (1 + Math.random() / 4)
  return waitedMs + wait > MAX_TURN_MS ? undefined : wait
}

/** Whether a later attempt may succeed: nothing answered, or the broker or a proxy is overloaded or failing. */
export function isTransient(error: unknown): error is AgentWritError {
  if (!(error instanceof AgentWritError)) return false
  const { status = 0 } = error
  return error instanceof NetworkError || status === 429 || status >= 500
}

/**
 * Whether the broker certainly did nothing. A 503 does not show that: its disk may have failed during the commit
 * (CONTRACT 4).
 */
function wasNotProcessed(error: AgentWritError): boolean {
  return error instanceof BrokerError ? error.status === 429 : NEVER_CONNECTED.has(causeCode(error))
}

const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])

/** The code of the error that made `fetch` fail, where the platform gives one. */
function causeCode(error: Error): string {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause)
    if ("code" in cause && typeof cause.code === "string") return cause.code
  return ""
}

/** Waits, or rejects with the signal's reason as soon as it aborts. */
export function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort)
      resolve()
    }, milliseconds)
    signal?.addEventListener("abort", abort, { once: true })
  })
}
