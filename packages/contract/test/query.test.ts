import { describe, expect, it } from "vitest"
import {
  AUDIT_EVENT_TYPES,
  agentsQuery,
  auditEventsQuery,
  decodeQuery,
  encodeQuery,
  revocationsQuery,
} from "../src/index.ts"

const AGENT = "spiffe://agentwrit.local/agent/nightly/task-1/0123456789abcdef"

const audit = (query: string) => decodeQuery(auditEventsQuery, new URLSearchParams(query))

describe("query parameters", () => {
  it("have defaults", () => {
    expect(audit("")).toEqual({ ok: true, value: { limit: 100, offset: 0 } })
    expect(decodeQuery(agentsQuery, new URLSearchParams())).toEqual({ ok: true, value: { limit: 100, offset: 0 } })
    expect(decodeQuery(revocationsQuery, new URLSearchParams())).toEqual({ ok: true, value: { since: 0 } })
  })

  it("are read, all together", () => {
    const query = new URLSearchParams({
      agent_id: AGENT,
      task_id: "task-1",
      event_type: "token_revoked",
      outcome: "denied",
      since: "2026-03-29T00:00:00Z",
      until: "2026-03-29T02:00:00+02:00",
      after: "evt-000041",
      limit: "1000",
      offset: "3",
      unknown: "ignored",
    })
    const midnight = Date.UTC(2026, 2, 29)
    const value = {
      agentId: AGENT,
      taskId: "task-1",
      eventType: "token_revoked",
      outcome: "denied",
      since: midnight,
      until: midnight,
      after: 41,
      limit: 1000,
      offset: 3,
    } as const
    expect(decodeQuery(auditEventsQuery, query)).toEqual({ ok: true, value })
    expect(decodeQuery(auditEventsQuery, new URLSearchParams(encodeQuery(auditEventsQuery, value)))).toEqual({
      ok: true,
      value,
    })
  })

  it("are written without what is undefined", () => {
    expect(encodeQuery(auditEventsQuery, {})).toBe("")
    expect(encodeQuery(auditEventsQuery, { agentId: undefined, taskId: "a", limit: 5 })).toBe("task_id=a&limit=5")
    expect(encodeQuery(auditEventsQuery, { agentId: AGENT })).toBe(`agent_id=${encodeURIComponent(AGENT)}`)
  })

  it.each<readonly [string, string]>([
    ["agent_id", AGENT],
    ["agent_id", "app:app-billing-0a1b2c"],
    ["agent_id", "admin"],
    ["agent_id", "0123456789abcdef0123456789abcdef"],
    ["task_id", "task-001"],
    ["limit", "1"],
    ["limit", "0100"],
    ["offset", "9007199254740991"],
    ["after", "evt-000001"],
    ["after", "evt-1000000"],
    ["since", "2024-02-29T23:59:59.999Z"],
    ...AUDIT_EVENT_TYPES.map((type) => ["event_type", type] as const),
  ])("accept %s=%s", (name, value) => {
    expect(decodeQuery(auditEventsQuery, new URLSearchParams({ [name]: value }))).toMatchObject({ ok: true })
  })

  it.each([
    ["agent_id", ""],
    ["agent_id", "not an id"],
    ["agent_id", "app:billing"],
    ["agent_id", "spiffe://agentwrit.local/agent/x"],
    ["task_id", ""],
    ["task_id", ".."],
    ["task_id", "a/b"],
    ["event_type", "token_stolen"],
    ["event_type", ""],
    ["outcome", "Success"],
    ["limit", "0"],
    ["limit", "1001"],
    ["limit", "-1"],
    ["limit", "+5"],
    ["limit", "5.0"],
    ["limit", "1e2"],
    ["limit", "0x10"],
    ["limit", " 5"],
    ["limit", "5\n"],
    ["limit", "٥"],
    ["limit", ""],
    ["offset", "-1"],
    ["offset", "9007199254740992"],
    ["offset", "99999999999999999999"],
    ["after", "41"],
    ["after", "evt-41"],
    ["after", "evt-000000"],
    ["after", "evt-0000041"],
    ["after", "EVT-000041"],
    ["after", "evt-9999999999999999"],
    ["since", "yesterday"],
    ["until", ""],
  ])("refuse %s=%j by name", (name, value) => {
    const decoded = decodeQuery(auditEventsQuery, new URLSearchParams({ [name]: value }))
    expect(decoded).toMatchObject({ ok: false, code: "invalid_request", field: name })
    expect(!decoded.ok && decoded.detail).toMatch(new RegExp(`^${name} must be `))
  })

  it("refuse a parameter given twice, even alike", () => {
    const detail = "limit must be given at most once"
    expect(audit("limit=5&limit=5")).toEqual({ ok: false, code: "invalid_request", detail, field: "limit" })
    expect(audit("unknown=1&unknown=2")).toMatchObject({ ok: true })
  })

  it.each([
    ["status", "active", true],
    ["status", "dead", false],
    ["app_id", "app-billing-0a1b2c", true],
    ["app_id", "billing", false],
    ["orch_id", "nightly", true],
    ["orch_id", "a b", false],
  ])("of the agents' list: %s=%s", (name, value, ok) => {
    expect(decodeQuery(agentsQuery, new URLSearchParams({ [name]: value }))).toMatchObject({ ok })
  })

  it.each([
    ["0", 0],
    ["5000", 5000],
  ])("of the feed: since=%s", (text, since) => {
    expect(decodeQuery(revocationsQuery, new URLSearchParams({ since: text }))).toEqual({ ok: true, value: { since } })
  })

  it.each(["-1", "abc", "1.5", ""])("of the feed: since=%s is refused", (text) => {
    expect(decodeQuery(revocationsQuery, new URLSearchParams({ since: text }))).toMatchObject({
      ok: false,
      field: "since",
    })
  })
})

describe("instants", () => {
  const instant = (name: "since" | "until", text: string) => {
    const decoded = decodeQuery(auditEventsQuery, new URLSearchParams({ [name]: text }))
    return decoded.ok ? decoded.value[name] : decoded.code
  }

  it.each([
    ["1970-01-01T00:00:00Z", 0],
    ["2026-03-29T00:00:00z", Date.UTC(2026, 2, 29)],
    ["2026-03-29t00:00:00Z", Date.UTC(2026, 2, 29)],
    ["2026-03-29T00:00:00+00:00", Date.UTC(2026, 2, 29)],
    ["2026-03-29T00:00:00-00:00", Date.UTC(2026, 2, 29)],
    ["2026-03-29T05:30:00+05:30", Date.UTC(2026, 2, 29)],
    ["2026-03-28T20:00:00-04:00", Date.UTC(2026, 2, 29)],
    ["2026-03-29T00:00:00.5Z", Date.UTC(2026, 2, 29, 0, 0, 0, 500)],
    ["2026-03-29T00:00:00.120000Z", Date.UTC(2026, 2, 29, 0, 0, 0, 120)],
    ["2024-02-29T12:00:00Z", Date.UTC(2024, 1, 29, 12)],
    ["2000-02-29T12:00:00Z", Date.UTC(2000, 1, 29, 12)],
    ["0000-01-01T00:00:00Z", -62_167_219_200_000],
    ["0099-12-31T00:00:00Z", Date.parse("0099-12-31T00:00:00Z")],
    ["9999-12-31T23:59:59.999Z", 253_402_300_799_999],
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
    ["2017-01-01T00:59:60.25+01:00", Date.UTC(2017, 0, 1, 0, 0, 0, 250)],
  ])("%s is read", (text, expected) => {
    expect(instant("since", text)).toBe(expected)
    expect(instant("until", text)).toBe(expected)
  })

  it("between two milliseconds include no event outside the range", () => {
    expect(instant("since", "1970-01-01T00:00:00.0010001Z")).toBe(2)
    expect(instant("until", "1970-01-01T00:00:00.0019999Z")).toBe(1)
    expect(instant("since", "1969-12-31T23:59:59.9990001Z")).toBe(0)
    expect(instant("until", "1969-12-31T23:59:59.9999999Z")).toBe(-1)
  })

  it.each([
    "2026-03-29",
    "2026-03-29T00:00Z",
    "2026-03-29T00:00:00",
    "2026-03-29 00:00:00Z",
    "2026-03-29T00:00:00 02:00", // an unescaped + in a URL
    "2026-03-29T00:00:00+0200",
    "2026-03-29T00:00:00+02",
    "2026-03-29T24:00:00Z",
    "2026-03-29T00:60:00Z",
    "2026-03-29T00:00:61Z",
    "2026-03-29T00:00:60Z", // no leap second in the middle of a month
    "2026-03-29T23:59:60Z",
    "2026-03-31T23:58:60Z",
    "2026-03-29T00:00:00+24:00",
    "2026-03-29T00:00:00+00:60",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-13-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-03-29T00:00:00.Z",
    "2026-03-29T00:00:00,5Z",
    "+002026-03-29T00:00:00Z",
    "0000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "1774742400",
    "2026-03-29T00:00:00Z\n",
    " 2026-03-29T00:00:00Z",
  ])("%j is refused", (text) => {
    expect(instant("since", text)).toBe("invalid_request")
    expect(instant("until", text)).toBe("invalid_request")
  })

  it("are not written outside the years that RFC 3339 has", () => {
    expect(() => encodeQuery(auditEventsQuery, { since: 253_402_300_800_000 })).toThrow(RangeError)
    expect(() => encodeQuery(auditEventsQuery, { since: Number.NaN })).toThrow(RangeError)
  })
})
