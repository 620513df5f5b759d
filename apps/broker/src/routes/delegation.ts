import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const delegate: Endpoint = endpoint("delegate", {
  deniedAs: "delegation_created",
  run: async (authority, { caller, claims, body }) =>
    success("delegate", await authority.delegate(caller, claims, body)),
})
