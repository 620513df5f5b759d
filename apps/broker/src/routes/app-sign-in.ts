import { RateLimit, tooOften } from "../http/rate-limit.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

/** Seconds after which one who signed in too often may try again (CONTRACT 3). */
const RETRY_AFTER = 60

export function appSignIn(): Endpoint {
  // The one by the address bounds how many clients can be named from there, and so how many keys the other takes.
  const perSource = new RateLimit({ burst: 60, times: 60, interval: "minute" })
  const perClient = new RateLimit({ burst: 3, times: 10, interval: "minute" })
  return endpoint("appSignIn", {
    deniedAs: "app_auth_failed",
    async admit(authority, caller) {
      if (perSource.take(caller.source)) return
      await authority.recordRefusal(caller, "app_rate_limited", tooOften("sign-ins from this address", RETRY_AFTER))
    },
    async run(authority, { caller, body }) {
      if (!perClient.take(`${caller.source} ${body.clientId}`))
        await authority.recordRefusal(caller, "app_rate_limited", tooOften("sign-ins of this client", RETRY_AFTER))
      return success("appSignIn", { ...(await authority.signInApp(caller, body)), tokenType: "Bearer" })
    },
  })
}
