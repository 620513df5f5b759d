import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const revoke: Endpoint = endpoint("revoke", {
  deniedAs: "token_revoked",
  run: async (authority, { caller, claims, body }) => success("revoke", await authority.revoke(caller, claims, body)),
})

export const previewRevocation: Endpoint = endpoint("previewRevocation", {
  run: async (authority, { body }) => success("previewRevocation", await authority.previewRevocation(body)),
})
