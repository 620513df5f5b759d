import { describe, expect, it } from "vitest"
import { PROBLEM_CODES, type Route, routes } from "../src/index.ts"

const table = Object.entries<Route>(routes)

// CONTRACT 3, the table of endpoints: method, path, kinds and scope of the caller, status of success.
const CONTRACT: readonly (readonly [string, string, string, number])[] = [
  ["GET", "/v1/challenge", "none", 200],
  ["POST", "/v1/register", "none", 200],
  ["POST", "/v1/token/validate", "none", 200],
  ["POST", "/v1/token/renew", "agent", 200],
  ["POST", "/v1/token/release", "admin,app,agent", 204],
  ["POST", "/v1/delegate", "agent", 200],
  ["POST", "/v1/admin/auth", "none", 200],
  ["POST", "/v1/admin/launch-tokens", "admin admin:launch-tokens:*", 201],
  ["GET", "/v1/admin/launch-tokens", "admin admin:launch-tokens:*", 200],
  ["DELETE", "/v1/admin/launch-tokens/{id}", "admin admin:launch-tokens:*", 204],
  ["POST", "/v1/admin/apps", "admin admin:launch-tokens:*", 201],
  ["GET", "/v1/admin/apps", "admin admin:launch-tokens:*", 200],
  ["GET", "/v1/admin/apps/{id}", "admin admin:launch-tokens:*", 200],
  ["PUT", "/v1/admin/apps/{id}", "admin admin:launch-tokens:*", 200],
  ["DELETE", "/v1/admin/apps/{id}", "admin admin:launch-tokens:*", 200],
  ["POST", "/v1/admin/apps/{id}/secret", "admin admin:launch-tokens:*", 200],
  ["POST", "/v1/admin/apps/{id}/restore", "admin admin:launch-tokens:*", 200],
  ["POST", "/v1/app/auth", "none", 200],
  ["POST", "/v1/app/launch-tokens", "app app:launch-tokens:*", 201],
  ["GET", "/v1/app/launch-tokens", "app app:launch-tokens:*", 200],
  ["DELETE", "/v1/app/launch-tokens/{id}", "app app:launch-tokens:*", 204],
  ["POST", "/v1/revoke", "admin admin:revoke:*", 200],
  ["POST", "/v1/revoke/preview", "admin admin:audit:*", 200],
  ["GET", "/v1/audit/events", "admin admin:audit:*", 200],
  ["GET", "/v1/audit/checkpoint", "admin admin:audit:*", 200],
  ["GET", "/v1/admin/agents", "admin admin:audit:*", 200],
  ["GET", "/v1/admin/keys", "admin admin:audit:*", 200],
  ["POST", "/v1/admin/keys/rotate", "admin admin:keys:*", 200],
  ["POST", "/v1/admin/keys/audit/rotate", "admin admin:keys:*", 200],
  ["DELETE", "/v1/admin/keys/{kid}", "admin admin:keys:*", 200],
  ["GET", "/v1/health", "none", 200],
  ["GET", "/v1/metrics", "none", 200],
  ["GET", "/v1/revocations", "none", 200],
  ["GET", "/.well-known/jwks.json", "none", 200],
  ["GET", "/v1/openapi.json", "none", 200],
]

function needsOf({ needs }: Route): string {
  if (needs === "none") return "none"
  return [needs.kinds.join(","), needs.scope].filter((part) => part !== undefined).join(" ")
}

describe("routes", () => {
  it("are those of the contract", () => {
    expect(table.map(([, route]) => [route.method, route.path, needsOf(route), route.success.status])).toEqual(CONTRACT)
  })

  describe.each(table)("%s", (_, route) => {
    const problems = new Set(route.problems)

    it("answers what any route may", () => {
      expect([...problems]).toEqual(expect.arrayContaining(["payload_too_large", "internal_error", "unavailable"]))
      expect(problems.size).toBe(route.problems.length)
      expect(PROBLEM_CODES).toEqual(expect.arrayContaining([...route.problems]))
      expect(problems).not.toContain("method_not_allowed")
    })

    it("answers what its needs may be refused with", () => {
      const needs = route.needsWhenClosed ?? route.needs
      expect(problems.has("token_revoked")).toBe(needs !== "none")
      expect(problems.has("insufficient_scope")).toBe(needs !== "none" && needs.scope !== undefined)
      if (route.needs !== "none") {
        expect(problems).toContain("unauthorized")
        const { kinds, scope } = route.needs
        if (scope === undefined && kinds.length < 3) expect(problems).toContain("forbidden")
        if (scope !== undefined) expect(kinds).toEqual([scope.split(":")[0]])
      }
    })

    it("answers invalid_request when it reads something", () => {
      expect(problems.has("invalid_request")).toBe(route.request !== undefined || route.query !== undefined)
    })

    it("reads a body only where a method has one, and parameters only from its path", () => {
      if (route.request !== undefined) expect(["POST", "PUT"]).toContain(route.method)
      if (route.query !== undefined) expect(["GET", "DELETE"]).toContain(route.method)
      if (route.isBodyOptional) expect(route.request).toBeDefined()
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(Object.keys(route.parameters?.entries ?? {})).toEqual(named)
    })

    it("changes no state on GET", () => {
      if (route.method === "GET") expect(route.changesState).toBe(false)
    })
  })

  it("answer the problems that are theirs alone", () => {
    const having = (code: string) =>
      table.filter(([, route]) => route.problems.some((one) => one === code)).map(([name]) => name)
    expect(having("rate_limited")).toEqual(["adminSignIn", "appSignIn"])
    expect(having("not_found")).toEqual([
      "delegate",
      "revokeLaunchToken",
      "getApp",
      "updateApp",
      "deregisterApp",
      "rotateAppSecret",
      "restoreApp",
      "revokeAppLaunchToken",
      "retireKey",
    ])
    expect(having("conflict")).toEqual([
      "createApp",
      "updateApp",
      "rotateAppSecret",
      "restoreApp",
      "rotateKey",
      "rotateAuditKey",
      "retireKey",
    ])
    expect(having("scope_violation")).toEqual(["register", "delegate"])
    expect(having("forbidden")).toEqual(["register", "renew", "delegate", "createAppLaunchToken"])
    expect(having("invalid_ttl")).toEqual([
      "register",
      "delegate",
      "createLaunchToken",
      "createApp",
      "updateApp",
      "createAppLaunchToken",
    ])
    expect(
      table.filter(([, { changesState, method }]) => !changesState && method !== "GET").map(([name]) => name),
    ).toEqual(["validate", "previewRevocation"])
  })
})
