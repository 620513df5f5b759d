import { AUDIT_EVENT_TYPES, eventId, sequenceOf } from "@agentwrit/audit"
import { describe, expect, test } from "vitest"

describe("event types", () => {
  test("are unique and snake_case", () => {
    expect(new Set(AUDIT_EVENT_TYPES).size).toBe(AUDIT_EVENT_TYPES.length)
    for (const type of AUDIT_EVENT_TYPES) expect(type).toMatch(/^[a-z]+(_[a-z]+)+$/)
  })
})

describe("event ids", () => {
  test.each([
    [1, "evt-000001"],
    [42, "evt-000042"],
    [999_999, "evt-999999"],
    [1_000_000, "evt-1000000"],
    [Number.MAX_SAFE_INTEGER, "evt-9007199254740991"],
  ])("%d is %s and back", (sequence, id) => {
    expect(eventId(sequence)).toBe(id)
    expect(sequenceOf(id)).toBe(sequence)
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("%d is not a sequence number", (sequence) => {
    expect(() => eventId(sequence)).toThrow(TypeError)
  })

  test.each([
    "",
    "evt-",
    "evt-1",
    "evt-00001",
    "evt-0000001",
    "evt-0123456",
    "evt-000000",
    "evt-000001 ",
    " evt-000001",
    "evt-000001\n",
    "EVT-000001",
    "evt-+00001",
    "evt--00001",
    "evt-0x0001",
    "evt-00000١",
    "evt-9007199254740992",
    "evt-99999999999999999999",
    "000001",
  ])("%j is not an event id", (id) => {
    expect(sequenceOf(id)).toBeUndefined()
  })
})
