import { createProblem, decode, PROBLEM_MEDIA_TYPE, problemStatus } from "@agentwrit/contract"
import { MalformedJsonError, parseJson } from "../http/json.ts"
import type { Protocol } from "./protocol.ts"

const TOKEN = /^(bearer|dpop) +(\S+) *$/i

/**
 * The native API (CONTRACT 1): JSON in, JSON or a problem document (RFC 9457) out, tokens by Bearer (RFC 6750, section
 * 2.1) or DPoP (RFC 9449, section 7.1).
 */
export const jsonApi: Protocol = {
  credential(request) {
    const [, scheme, token] = TOKEN.exec(request.header("authorization") ?? "") ?? []
    if (token === undefined || scheme?.toLowerCase() === "bearer") return token
    const proof = request.header("dpop")
    // Several headers are joined by a comma, which no proof contains.
    return { token, proof, method: request.method, url: request.publicUrl }
  },

  decodeBody(schema, body) {
    try {
      return decode(schema, parseJson(body))
    } catch (error) {
      if (error instanceof MalformedJsonError) return { ok: false, code: "invalid_request", detail: error.message }
      throw error
    }
  },

  renderProblem({ requestId, path }, { code, detail, hint, retryAfter, challenge, headers }) {
    const document = createProblem({ code, detail, instance: path, requestId, ...(hint !== undefined && { hint }) })
    return {
      status: problemStatus(code),
      body: JSON.stringify(document),
      mediaType: PROBLEM_MEDIA_TYPE,
      headers: {
        ...headers,
        ...(code === "unauthorized" && {
          "www-authenticate": challenge === undefined ? "Bearer" : `DPoP error="${challenge}"`,
        }),
        ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      },
    }
  },
}
