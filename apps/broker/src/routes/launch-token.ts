import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const createAppLaunchToken: Endpoint = endpoint("createAppLaunchToken", {
  deniedAs: "launch_token_denied",
  run: async (authority, { caller, claims, body }) =>
    success("createAppLaunchToken", await authority.createAppLaunchToken(caller, claims, body)),
})

export const createLaunchToken: Endpoint = endpoint("createLaunchToken", {
  deniedAs: "launch_token_denied",
  run: async (authority, { caller, claims, body }) =>
    success("createLaunchToken", await authority.createLaunchToken(caller, claims, body)),
})
