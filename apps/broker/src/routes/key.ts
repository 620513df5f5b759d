import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const listKeys: Endpoint = endpoint("listKeys", {
  run: async (authority) => success("listKeys", { keys: [...(await authority.listKeys())] }),
})

export const rotateKey: Endpoint = endpoint("rotateKey", {
  deniedAs: "key_rotated",
  run: async (authority, { caller, claims, body }) =>
    success("rotateKey", await authority.rotateKey(caller, claims, body)),
})

export const rotateAuditKey: Endpoint = endpoint("rotateAuditKey", {
  deniedAs: "key_rotated",
  run: async (authority, { caller, claims }) =>
    success("rotateAuditKey", await authority.rotateAuditKey(caller, claims)),
})

export const retireKey: Endpoint = endpoint("retireKey", {
  deniedAs: "key_retired",
  run: async (authority, { caller, claims, parameters }) =>
    success("retireKey", await authority.retireKey(caller, claims, parameters?.kid)),
})
