import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const challenge: Endpoint = endpoint("challenge", {
  run: (authority) => success("challenge", authority.challenge()),
})
