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

export const listLaunchTokens: Endpoint = endpoint("listLaunchTokens", {
  run: async (authority) => success("listLaunchTokens", await authority.listLaunchTokens()),
})

export const listAppLaunchTokens: Endpoint = endpoint("listAppLaunchTokens", {
  run: async (authority, { claims }) => success("listAppLaunchTokens", await authority.listAppLaunchTokens(claims)),
})

export const revokeLaunchToken: Endpoint = endpoint("revokeLaunchToken", {
  deniedAs: "launch_token_revoked",
  async run(authority, { caller, claims, parameters }) {
    await authority.revokeLaunchToken(caller, claims, parameters?.id)
    return { status: 204 }
  },
})

export const revokeAppLaunchToken: Endpoint = endpoint("revokeAppLaunchToken", {
  deniedAs: "launch_token_revoked",
  async run(authority, { caller, claims, parameters }) {
    await authority.revokeAppLaunchToken(caller, claims, parameters?.id)
    return { status: 204 }
  },
})
