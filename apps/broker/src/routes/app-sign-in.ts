import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const appSignIn: Endpoint = endpoint("appSignIn", {
  deniedAs: "app_auth_failed",
  run: async (authority, { caller, body }) =>
    success("appSignIn", { ...(await authority.signInApp(caller, body)), tokenType: "Bearer" }),
})
