import { TOKEN_INVALID } from "@agentwrit/authority"
import type { Claims } from "@agentwrit/core"
import type { Answer } from "../http/answer.ts"
import { type Endpoint, endpoint, success } from "./endpoint.ts"

/** The authority gives the same claims for the same token as long as it remembers it; writing them is a part of the whole request. */
const answers = new WeakMap<Claims, Answer>()

export const validate: Endpoint = endpoint("validate", {
  async run(authority, { caller, body }) {
    const claims = await authority.validateToken(caller, body.token)
    if (claims === undefined) return success("validate", { valid: false, error: TOKEN_INVALID })
    return answers.get(claims) ?? remember(claims)
  },
})

function remember(claims: Claims): Answer {
  const answer = success("validate", { valid: true, claims })
  answers.set(claims, answer)
  return answer
}
