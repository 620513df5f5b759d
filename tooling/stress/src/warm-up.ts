import { call } from "@agentwrit/testing/client"
import type { HeldAgent, Ledger } from "./ledger.ts"
import type { Load } from "./load.ts"

/** Characters of token text after which the broker's memory of verified tokens is full, and its heap as large as that makes it. */
const FULL = 24 * 2 ** 20

/** Clients that renew at once, each an agent of its own. */
const CLIENTS = 64

/**
 * Fills the broker's memory of verified tokens by renewals, which make the most tokens a second.
 * @returns whether it is full; not so when the time was up before.
 */
export async function warmUp(url: string, load: Load, ledger: Ledger, isOver: () => boolean): Promise<boolean> {
  while (ledger.agents.length < CLIENTS && !isOver()) {
    await load.launchToken(true)
    await load.register()
  }
  const isDone = (): boolean => ledger.characters >= FULL || isOver()
  await Promise.all(
    ledger.agents.slice(0, CLIENTS).map(async (agent) => {
      while (!isDone()) await renew(url, agent, ledger)
    }),
  )
  // All but the last are superseded: to look at so many again at the end would take longer than the run.
  ledger.fresh.clear()
  return ledger.characters >= FULL
}

async function renew(url: string, agent: HeldAgent, ledger: Ledger): Promise<void> {
  const { token } = agent
  const answer = await ledger.attempt("renew", token.jti, () =>
    call(url, "POST /v1/token/renew", { bearer: token.text }),
  )
  if (answer?.status !== 200) throw new Error(`a renewal is answered with ${answer?.status}: ${answer?.text}`)
  ledger.revoked.add(`token ${token.jti}`)
  agent.token = ledger.hold(answer.body.access_token)
}
