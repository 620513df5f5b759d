import { setTimeout } from "node:timers/promises"
import { type Caller, Refusal } from "@agentwrit/authority"
import { LRUCache } from "lru-cache"
import { RateLimit } from "../http/rate-limit.ts"
import { type TooMany, tooMany } from "./admission.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

/** How long a sign-in may wait for its turn, so that a loop of commands loses none. */
const MAX_WAIT_MS = 5_000

/** How long after a wrong secret the sign-ins of its address do not wait any more, but are refused. */
const GUESSING_MS = 60_000

/** Addresses that are remembered for a wrong secret. */
const MAX_GUESSING = 50_000

const FROM_ADDRESS: TooMany = { what: "sign-ins from this address", event: "admin_auth_failed" }

/** The operator's sign-in: 5 a second for each address, with bursts of 10 (CONTRACT 3). */
export function adminSignIn(): Endpoint {
  const perSource = new RateLimit({ burst: 10, refillMs: 200, mayOweMs: MAX_WAIT_MS })
  const guessing = new LRUCache<string, true>({ max: MAX_GUESSING, ttl: GUESSING_MS })

  /**
   * Waits for the turn of the address. The secret is not looked at before, so that a wait does not tell whether it is
   * right.
   */
  async function waitForTurn({ source }: Caller): Promise<void> {
    const waitMs = perSource.waitMs(source)
    if ((waitMs > 0 && guessing.has(source)) || !perSource.take(source)) throw tooMany(FROM_ADDRESS, 1)
    if (waitMs === 0) return
    await setTimeout(waitMs)
    if (guessing.has(source)) throw tooMany(FROM_ADDRESS, 1)
  }

  return endpoint("adminSignIn", {
    deniedAs: "admin_auth_failed",
    admit: waitForTurn,
    async run(authority, { caller, body }) {
      try {
        const issued = await authority.signInAdmin(caller, body.secret)
        guessing.delete(caller.source)
        return success("adminSignIn", { ...issued, tokenType: "Bearer" })
      } catch (error) {
        if (error instanceof Refusal && error.code === "unauthorized") guessing.set(caller.source, true)
        throw error
      }
    },
  })
}
