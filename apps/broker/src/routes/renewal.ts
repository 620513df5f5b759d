import { RENEWAL_WORDING } from "@agentwrit/authority"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const renew: Endpoint = endpoint("renew", {
  deniedAs: "token_renewal_failed",
  wording: RENEWAL_WORDING,
  run: async (authority, { caller, claims }) => success("renew", await authority.renewToken(caller, claims)),
})
