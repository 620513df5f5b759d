import { describe, expect, it } from "vitest"
import { createProblem, decode, PROBLEM_CODES, problem, problemStatus } from "../src/index.ts"

// CONTRACT 1, the table of codes.
const TABLE = [
  ["invalid_request", 400, "Bad Request"],
  ["invalid_ttl", 400, "Bad Request"],
  ["unauthorized", 401, "Unauthorized"],
  ["token_revoked", 403, "Forbidden"],
  ["insufficient_scope", 403, "Forbidden"],
  ["scope_violation", 403, "Forbidden"],
  ["forbidden", 403, "Forbidden"],
  ["not_found", 404, "Not Found"],
  ["method_not_allowed", 405, "Method Not Allowed"],
  ["conflict", 409, "Conflict"],
  ["payload_too_large", 413, "Content Too Large"],
  ["rate_limited", 429, "Too Many Requests"],
  ["internal_error", 500, "Internal Server Error"],
  ["unavailable", 503, "Service Unavailable"],
] as const

describe("problems", () => {
  it("has the codes of the contract and no other", () => {
    expect(PROBLEM_CODES).toEqual(TABLE.map(([code]) => code))
  })

  it.each(TABLE)("answers %s with %i", (code, status, title) => {
    expect(problemStatus(code)).toBe(status)
    expect(createProblem({ code, detail: "what is wrong", instance: "/v1/x", requestId: "r-1" })).toEqual({
      type: `urn:agentwrit:error:${code}`,
      title,
      status,
      detail: "what is wrong",
      instance: "/v1/x",
      error_code: code,
      request_id: "r-1",
    })
  })

  it("carries a hint only when there is one", () => {
    const parts = { code: "scope_violation", detail: "d", instance: "/v1/x", requestId: "r" } as const
    expect(createProblem({ ...parts, hint: "ask for read:data:1" }).hint).toBe("ask for read:data:1")
    expect(Object.keys(createProblem({ ...parts, hint: undefined }))).not.toContain("hint")
  })

  it("reads a problem of a code that this version does not know", () => {
    const document = {
      ...createProblem({ code: "conflict", detail: "d", instance: "/", requestId: "r" }),
      error_code: "new",
    }
    expect(decode(problem, document)).toEqual({ ok: true, value: document })
    expect(decode(problem, { ...document, status: "409" })).toMatchObject({ ok: false, field: "status" })
  })
})
