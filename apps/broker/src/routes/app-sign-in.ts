import { RateLimit } from "../http/rate-limit.ts"
import { admitWithin } from "./admission.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

const FROM_ADDRESS = { deniedAs: "app_rate_limited", what: "sign-ins from this address", retryAfter: 60 } as const
const OF_CLIENT = { deniedAs: "app_rate_limited", what: "sign-ins of this client", retryAfter: 60 } as const

/** An app's sign-in, limited by address and by client (CONTRACT 3). */
export function appSignIn(): Endpoint {
  // The limit by address also bounds how many clients one address can name.
  const perSource = new RateLimit({ burst: 60, times: 60, interval: "minute" })
  const perClient = new RateLimit({ burst: 3, times: 10, interval: "minute" })
  return endpoint("appSignIn", {
    deniedAs: "app_auth_failed",
    admit: (authority, caller) => admitWithin(perSource, caller.source, FROM_ADDRESS, [authority, caller]),
    async run(authority, { caller, body }) {
      await admitWithin(perClient, `${caller.source} ${body.clientId}`, OF_CLIENT, [authority, caller])
      return success("appSignIn", { ...(await authority.signInApp(caller, body)), tokenType: "Bearer" })
    },
  })
}
