import { describe, expect, it } from "vitest"
import { decode, type Encodable, encode, type RouteName, revocationFeed, routes } from "../src/index.ts"
import { AGENT, ANSWERS } from "./samples.ts"

const answers = Object.entries(ANSWERS).flatMap(([name, wires]) =>
  wires.map((wire) => [name as keyof typeof ANSWERS, wire] as const),
)

describe("answers", () => {
  it("exist for every route of the table that has one", () => {
    const json = (Object.keys(routes) as RouteName[]).filter((name) => "body" in routes[name].success)
    expect(Object.keys(ANSWERS).toSorted()).toEqual(json.toSorted())
  })

  it.each(answers)("of %s are read and written back unchanged", (name, wire) => {
    const schema = routes[name].success.body
    const decoded = decode(schema, wire)
    expect(decoded).toMatchObject({ ok: true })
    if (decoded.ok) expect(encode(schema, decoded.value as Encodable<typeof schema>)).toEqual(wire)
  })

  it.each(answers)("of %s are not read when a member is null", (name, wire) => {
    const schema = routes[name].success.body
    for (const field of Object.keys(wire))
      expect(decode(schema, { ...wire, [field]: null })).toMatchObject({ ok: false })
  })

  it("hold instants as milliseconds in code", () => {
    const issued = {
      id: "lt-0123456789abcdef",
      launchToken: "0f".repeat(32),
      expiresAt: Date.UTC(2026, 1, 15, 12, 0, 30),
      policy: { allowedScope: ["read:data:*"], maxTtl: 300 },
    }
    expect(encode(routes.createLaunchToken.success.body, issued)).toMatchObject({
      expires_at: "2026-02-15T12:00:30.000Z",
    })
  })

  it("hold signed documents as they are", () => {
    for (const wire of ANSWERS.auditEvents)
      expect(decode(routes.auditEvents.success.body, wire)).toMatchObject({ ok: true, value: wire })
    const [, delegated] = ANSWERS.validate
    expect(decode(routes.validate.success.body, delegated)).toEqual({ ok: true, value: delegated })
  })

  it("with another text about a bad token are refused", () => {
    expect(decode(routes.validate.success.body, { valid: false, error: "token expired" })).toMatchObject({
      ok: false,
      field: "error",
    })
  })

  it("of health are the same when degraded", () => {
    expect(routes.health.otherwise).toEqual({ status: 503, body: routes.health.success.body })
  })
})

describe("the revocation feed", () => {
  const entry = { seq: 1, level: "token", digest: "A".repeat(43), exp: null }
  const feed = {
    from: 0,
    to: 1,
    head: 1,
    reset: false,
    entries: [entry],
    iat: 1_774_742_400,
    fresh_until: 1_774_742_430,
  }

  it("is read as it was signed", () => {
    expect(decode(revocationFeed, feed)).toEqual({ ok: true, value: feed })
    expect(decode(revocationFeed, { ...feed, entries: [{ ...entry, exp: 5 }] })).toMatchObject({ ok: true })
  })

  it.each([
    ["entries[0].level", { ...feed, entries: [{ ...entry, level: "galaxy" }] }],
    ["entries[0].digest", { ...feed, entries: [{ ...entry, digest: AGENT }] }],
    ["entries[0].exp", { ...feed, entries: [{ ...entry, exp: "never" }] }],
    ["entries[0].seq", { ...feed, entries: [{ ...entry, seq: 0 }] }],
    ["entries", { ...feed, entries: Array(5001).fill(entry) }],
    ["reset", { ...feed, reset: "no" }],
    ["from", { ...feed, from: -1 }],
    ["fresh_until", { ...feed, fresh_until: 1.5 }],
  ])("is refused for %s", (field, document) => {
    expect(decode(revocationFeed, document)).toMatchObject({ ok: false, field })
  })
})
