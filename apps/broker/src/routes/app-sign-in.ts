import { RateLimit } from "../http/rate-limit.ts"
import { type TooMany, takeWithin, tooMany } from "./admission.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

const event = "app_rate_limited"
const FROM_ADDRESS: TooMany = { what: "sign-ins from this address", event }
const OF_CLIENT: TooMany = { what: "sign-ins of this client", event }
const WRONG: TooMany = { what: "wrong secrets of this client", event }

/** An app's sign-in, limited by address, and by client and address (CONTRACT 3). */
export function appSignIn(): Endpoint {
  // It also bounds how many clients one address can name.
  const perSource = new RateLimit({ burst: 120, refillMs: 60_000 / 120 })
  const right = new RateLimit({ burst: 20, refillMs: 60_000 / 30 })
  const wrong = new RateLimit({ burst: 5, refillMs: 60_000 / 10 })
  return endpoint("appSignIn", {
    deniedAs: "app_auth_failed",
    admit: ({ source }) => takeWithin(perSource, source, FROM_ADDRESS),
    async run(authority, { caller, body }) {
      const pair = `${caller.source} ${body.clientId}`
      const signedIn = await authority.signInApp(caller, body, {
        // Once the wrong secrets are used up, a right one waits too: otherwise the answer would reveal that it is
        // right.
        beforeCheck() {
          const waitMs = wrong.waitMs(pair)
          if (waitMs > 0) throw tooMany(WRONG, waitMs)
        },
        wrong: () => takeWithin(wrong, pair, WRONG),
        right: () => takeWithin(right, pair, OF_CLIENT),
      })
      return success("appSignIn", { ...signedIn, tokenType: "Bearer" })
    },
  })
}
