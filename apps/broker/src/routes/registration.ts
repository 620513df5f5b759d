import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const register: Endpoint = endpoint("register", {
  deniedAs: "registration_policy_violation",
  run: async (authority, { caller, body, http }) =>
    success("register", await authority.register(caller, body, { canBind: http.publicUrl !== undefined })),
})
