import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const createApp: Endpoint = endpoint("createApp", {
  deniedAs: "app_registered",
  run: async (authority, { caller, claims, body }) =>
    success("createApp", await authority.createApp(caller, claims, body)),
})

export const listApps: Endpoint = endpoint("listApps", {
  async run(authority) {
    const apps = await authority.listApps()
    return success("listApps", { apps, total: apps.length })
  },
})

export const getApp: Endpoint = endpoint("getApp", {
  run: async (authority, { parameters }) => success("getApp", await authority.getApp(parameters?.id)),
})

export const updateApp: Endpoint = endpoint("updateApp", {
  deniedAs: "app_updated",
  run: async (authority, { caller, claims, parameters, body }) =>
    success("updateApp", await authority.updateApp(caller, claims, parameters?.id, body)),
})

export const deregisterApp: Endpoint = endpoint("deregisterApp", {
  deniedAs: "app_deregistered",
  run: async (authority, { caller, claims, parameters, query }) =>
    success("deregisterApp", await authority.deregisterApp(caller, claims, parameters?.id, query.revoke === "true")),
})

export const rotateAppSecret: Endpoint = endpoint("rotateAppSecret", {
  deniedAs: "app_secret_rotated",
  run: async (authority, { caller, claims, parameters, body }) =>
    success("rotateAppSecret", await authority.rotateAppSecret(caller, claims, parameters?.id, body)),
})

export const restoreApp: Endpoint = endpoint("restoreApp", {
  deniedAs: "app_restored",
  run: async (authority, { caller, claims, parameters }) =>
    success("restoreApp", await authority.restoreApp(caller, claims, parameters?.id)),
})
