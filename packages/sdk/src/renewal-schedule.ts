import { CredentialError } from "./credential-error.ts"
import { type AgentWritError, BrokerError } from "./errors.ts"

/**
 * The part of a token's life after which it is renewed: about three quarters, random so that agents do not renew
 * together.
 */
export function renewalPoint(): number {
  return 0.7 + 0.1 * Math.random()
}

/** Whether the broker refused, so that asking again does not help. */
export function isRefusal(error: unknown): boolean {
  return error instanceof BrokerError && error.status < 500 && error.status !== 429
}

/**
 * The milliseconds until a failed renewal is tried again, or `undefined` when it is not.
 * @param failures how many renewals failed before this one.
 * @param leftMs milliseconds until the token expires.
 */
export function renewalRetryDelay(error: AgentWritError, failures: number, leftMs: number): number | undefined {
  if (isRefusal(error) || error instanceof CredentialError) return undefined
  // The wait doubles, up to a quarter of the time that is left: a broker that comes back late is still reached.
  const backoff = Math.max(Math.min(1000 * 2 ** failures, leftMs / 4), 250) * (0.5 + Math.random())
  const wait = Math.max(backoff, (error.retryAfter ?? 0) * 1000)
  return wait < leftMs ? wait : undefined
}
