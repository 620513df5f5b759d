import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const jwks: Endpoint = endpoint("jwks", {
  run: (authority) => success("jwks", { keys: [...authority.jwkSet().keys] }),
})
