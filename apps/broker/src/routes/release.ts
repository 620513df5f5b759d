import { type Endpoint, endpoint } from "./endpoint.ts"

export const release: Endpoint = endpoint("release", {
  deniedAs: "token_released",
  async run(authority, { caller, claims, body }) {
    await authority.releaseToken(caller, claims, body)
    return { status: 204 }
  },
})
