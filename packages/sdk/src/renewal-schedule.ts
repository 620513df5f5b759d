import { type AgentWritError, BrokerError } from "./errors.ts"

/** Longest time that timers count, in milliseconds. */
export const MAX_TIMER = 2 ** 31 - 1

/** The part of a token's life after which it is renewed: three quarters, spread so that agents started together do not come together. */
export function renewalPoint(): number {
  return 0.7 + 0.1 * Math.random()
}

/** Whether the broker refused, so that asking again will not help. */
export function isFinal(error: unknown): boolean {
  return error instanceof BrokerError && error.status < 500 && error.status !== 429
}

/**
 * Milliseconds until a failed renewal is tried again; `undefined` when it is not.
 * @param failures how many failed before it.
 * @param left milliseconds that the token lives on.
 */
export function afterFailure(error: AgentWritError, failures: number, left: number): number | undefined {
  if (isFinal(error)) return undefined
  // Waits double up to a quarter of what is left: a broker that was away for most of the time is still met.
  const wait = Math.max(Math.min(1000 * 2 ** failures, left / 4), 250) * (0.5 + Math.random())
  const next = Math.max(wait, (error.retryAfter ?? 0) * 1000)
  return next < left ? next : undefined
}
