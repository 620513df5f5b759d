import { RateLimit } from "../http/rate-limit.ts"
import { admitWithin } from "./admission.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

const TOO_OFTEN = { deniedAs: "admin_auth_failed", what: "sign-ins from this address", retryAfter: 1 } as const

/** The operator's sign-in, limited by address (CONTRACT 3). */
export function adminSignIn(): Endpoint {
  const perSource = new RateLimit({ burst: 10, times: 5, interval: "second" })
  return endpoint("adminSignIn", {
    deniedAs: "admin_auth_failed",
    admit: (authority, caller) => admitWithin(perSource, caller.source, TOO_OFTEN, [authority, caller]),
    async run(authority, { caller, body }) {
      const issued = await authority.signInAdmin(caller, body.secret)
      return success("adminSignIn", { ...issued, tokenType: "Bearer" })
    },
  })
}
