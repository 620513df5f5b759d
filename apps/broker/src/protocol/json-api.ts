import { createProblem, decode, PROBLEM_MEDIA_TYPE, problemStatus } from "@agentwrit/contract"
import { MalformedJsonError, parseJson } from "../http/json.ts"
import type { Protocol } from "./protocol.ts"

const BEARER = /^bearer +(\S+) *$/i

/** The native API (CONTRACT 1): JSON in, JSON or a problem document (RFC 9457) out, bearer tokens (RFC 6750, section 2.1). */
export const jsonApi: Protocol = {
  credential: (header) => BEARER.exec(header("authorization") ?? "")?.[1],

  decodeBody(schema, body) {
    try {
      return decode(schema, parseJson(body))
    } catch (error) {
      if (error instanceof MalformedJsonError) return { ok: false, code: "invalid_request", detail: error.message }
      throw error
    }
  },

  renderProblem({ requestId, path }, { code, detail, hint, retryAfter, headers }) {
    const document = createProblem({ code, detail, instance: path, requestId, ...(hint !== undefined && { hint }) })
    return {
      status: problemStatus(code),
      body: JSON.stringify(document),
      mediaType: PROBLEM_MEDIA_TYPE,
      headers: {
        ...headers,
        ...(code === "unauthorized" && { "www-authenticate": "Bearer" }),
        ...(retryAfter !== undefined && { "retry-after": String(retryAfter) }),
      },
    }
  },
}
