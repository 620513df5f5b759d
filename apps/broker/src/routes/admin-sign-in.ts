import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const adminSignIn: Endpoint = endpoint("adminSignIn", {
  deniedAs: "admin_auth_failed",
  async run(authority, { caller, body }) {
    const issued = await authority.signInAdmin(caller, body.secret)
    return success("adminSignIn", { ...issued, tokenType: "Bearer" })
  },
})
