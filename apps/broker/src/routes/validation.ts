import { TOKEN_INVALID } from "@agentwrit/authority"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const validate: Endpoint = endpoint("validate", {
  async run(authority, { caller, body }) {
    const claims = await authority.validateToken(caller, body.token)
    return success("validate", claims === undefined ? { valid: false, error: TOKEN_INVALID } : { valid: true, claims })
  },
})
