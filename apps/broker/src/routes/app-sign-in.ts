import { RateLimit } from "../http/rate-limit.ts"
import { admitWithin, takeWithin, tooMany } from "./admission.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

/** An app's sign-in, limited by address, and by client and address (CONTRACT 3). */
export function appSignIn(): Endpoint {
  // It also bounds how many clients one address can name.
  const perSource = new RateLimit({ burst: 120, times: 120, interval: "minute" })
  const right = new RateLimit({ burst: 20, times: 30, interval: "minute" })
  const wrong = new RateLimit({ burst: 5, times: 10, interval: "minute" })
  return endpoint("appSignIn", {
    deniedAs: "app_auth_failed",
    admit: (authority, caller) =>
      admitWithin(perSource, "sign-ins from this address", "app_rate_limited", [authority, caller]),
    async run(authority, { caller, body }) {
      const pair = `${caller.source} ${body.clientId}`
      const signedIn = await authority.signInApp(caller, body, {
        // Once the wrong secrets are used up, a right one waits too: otherwise the answer would reveal that it is
        // right.
        beforeCheck() {
          const waitMs = wrong.waitMs(pair)
          if (waitMs > 0) throw tooMany("wrong secrets of this client", waitMs)
        },
        wrong: () => takeWithin(wrong, pair, "wrong secrets of this client"),
        right: () => takeWithin(right, pair, "sign-ins of this client"),
      })
      return success("appSignIn", { ...signedIn, tokenType: "Bearer" })
    },
  })
}
