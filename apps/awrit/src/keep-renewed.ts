import { setTimeout as delay } from "node:timers/promises"
import type { Agent } from "@agentwrit/sdk"
import { BrokerError } from "@agentwrit/sdk/admin"

/**
 * How long before its expiry a token is renewed. The broker takes a token that comes back more than 10 s after its
 * renewal for a stolen one, and revokes the agent (CONTRACT 3, "renew"). A command goes on to use the token of its
 * environment, so that one must expire before.
 */
const LEAD_MS = 5000

/** Milliseconds between two attempts. */
const RETRY_MS = 500

/** The longest time for which a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Renews an agent's token shortly before it expires, until the signal aborts.
 * @returns why no renewal is possible any more; nothing after the signal.
 */
export async function keepRenewed(
  agent: Agent,
  onRenewed: (token: string) => void,
  signal: AbortSignal,
): Promise<Error | undefined> {
  try {
    for (;;) {
      const left = agent.expiresAt.getTime() - Date.now()
      const wait = left - Math.min(LEAD_MS, left / 2)
      await delay(Math.min(wait, MAX_TIMER_MS), undefined, { signal })
      if (wait <= MAX_TIMER_MS) onRenewed(await renewed(agent, signal))
    }
  } catch (error) {
    return signal.aborted ? undefined : (error as Error)
  }
}

/** The new token. An attempt that failed is repeated while the old one is good, unless the broker refused it. */
async function renewed(agent: Agent, signal: AbortSignal): Promise<string> {
  for (;;) {
    try {
      await agent.renew({ signal })
      return await agent.token({ signal })
    } catch (error) {
      const isRefused = error instanceof BrokerError && error.status < 500 && error.status !== 429
      if (isRefused || Date.now() + RETRY_MS >= agent.expiresAt.getTime()) throw error
      await delay(RETRY_MS, undefined, { signal })
    }
  }
}
