import { RateLimit, tooOften } from "../http/rate-limit.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

/** Seconds after which one who signed in too often may try again (CONTRACT 3). */
const RETRY_AFTER = 1

export function adminSignIn(): Endpoint {
  const perSource = new RateLimit({ burst: 10, times: 5, interval: "second" })
  return endpoint("adminSignIn", {
    deniedAs: "admin_auth_failed",
    async admit(authority, caller) {
      if (perSource.take(caller.source)) return
      await authority.recordRefusal(caller, "admin_auth_failed", tooOften("sign-ins from this address", RETRY_AFTER))
    },
    async run(authority, { caller, body }) {
      const issued = await authority.signInAdmin(caller, body.secret)
      return success("adminSignIn", { ...issued, tokenType: "Bearer" })
    },
  })
}
