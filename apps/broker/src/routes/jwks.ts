import { toJwkSet } from "@agentwrit/core"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const jwks: Endpoint = endpoint("jwks", {
  run: (authority) => success("jwks", { keys: [...toJwkSet(authority.keys.published()).keys] }),
})
