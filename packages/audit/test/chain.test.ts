import {
  AuditError,
  type AuditEvent,
  canonicalEvent,
  chainEvent,
  type EventDraft,
  EventError,
  eventHash,
  GENESIS_HASH,
  leafHash,
} from "@agentwrit/audit"
import { canonicalJson, decodeUtf8, encodeHex } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { canonical, hashOf, leafOf, treeRoot } from "./independent.ts"
import { chained, draft, drafts, trail } from "./trail.ts"

const first = { sequence: 1, timestamp: "2026-03-29T00:00:00.000Z", prevHash: GENESIS_HASH }

describe("chainEvent", () => {
  test("hashes an event as computed by hand", () => {
    const { event, leafHash: leaf } = chainEvent({ event_type: "admin_auth", detail: "", outcome: "success" }, first)
    // printf '%s' '{"detail":"","event_type":"admin_auth",…}' | sha256sum
    expect(event).toStrictEqual({
      id: "evt-000001",
      timestamp: "2026-03-29T00:00:00.000Z",
      event_type: "admin_auth",
      detail: "",
      outcome: "success",
      prev_hash: "0".repeat(64),
      hash: "affa3b47d5e7d245b9eaab8f782fad52c903656f361b4b8e2d7ba0b832764975",
    })
    expect(encodeHex(leaf)).toBe("b8d7b049023e6674875dcba937e79d5911f5317b50ce31eb87185bcdf5222568")
  })

  test("agrees with an implementation written from the contract", () => {
    fc.assert(
      fc.property(fc.array(drafts, { maxLength: 12 }), (all) => {
        const { events, edge, leaves } = chained(all)
        let prevHash = "0".repeat(64)
        for (const [i, event] of events.entries()) {
          expect(event.prev_hash).toBe(prevHash)
          expect(event.hash).toBe(hashOf(event))
          expect(encodeHex(leaves[i] ?? new Uint8Array())).toBe(leafOf(event).toString("hex"))
          prevHash = event.hash
        }
        expect(encodeHex(edge.root())).toBe(treeRoot(events.map(leafOf)).toString("hex"))
      }),
    )
  })

  test("leaves out empty members, and no others", () => {
    const members = ["agent_id", "task_id", "orch_id", "resource", "deleg_chain_hash"] as const
    const empty = Object.fromEntries(members.map((name) => [name, ""]))
    const { event } = chainEvent(draft({ ...empty, deleg_depth: 0, bytes_transferred: 0, detail: "" }), first)
    const always = ["detail", "event_type", "hash", "id", "outcome", "prev_hash", "timestamp"]
    expect(Object.keys(event).sort()).toEqual(always)
    expect(Object.keys(chainEvent(draft(), first).event).sort()).toEqual(
      [...always, ...members, "deleg_depth", "bytes_transferred"].sort(),
    )
    const ones = { deleg_depth: 1, bytes_transferred: 1 }
    expect(chainEvent(draft(ones), first).event).toMatchObject(ones)
    const undefinedOnes = Object.fromEntries(
      [...members, "deleg_depth", "bytes_transferred"].map((name) => [name, undefined]),
    )
    expect(chainEvent({ ...draft({ detail: "" }), ...undefinedOnes }, first).event).toStrictEqual(event)
  })

  test("takes only the members of an event from a draft", () => {
    const extra = { ...draft(), id: "evt-000009", hash: "f".repeat(64), secret: "s3cret" } as EventDraft
    expect(chainEvent(extra, first)).toStrictEqual(chainEvent(draft(), first))
  })

  test("replaces an unpaired surrogate in the detail, and refuses one elsewhere", () => {
    const { event } = chainEvent(draft({ detail: "a\ud800b" }), first)
    expect(event.detail).toBe("a\ufffdb")
    expect(event.hash).toBe(hashOf(event))
    for (const name of ["agent_id", "task_id", "orch_id", "resource", "deleg_chain_hash"])
      expect(() => chainEvent(draft({ [name]: "a\udc00" }), first)).toThrow(
        expect.objectContaining({ code: "malformed_event", name: "EventError" }),
      )
  })

  test("hashes text that looks like the escape of a surrogate", () => {
    const { event } = chainEvent(draft({ detail: "\\ud800", resource: "/\\udfff" }), first)
    expect(event.hash).toBe(hashOf(event))
  })

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("refuses the count %d", (count) => {
    for (const name of ["deleg_depth", "bytes_transferred"])
      expect(() => chainEvent(draft({ [name]: count }), first)).toThrow(EventError)
  })

  test.each([
    ["a sequence of 0", { ...first, sequence: 0 }],
    ["a fraction", { ...first, sequence: 1.5 }],
    ["a time without milliseconds", { ...first, timestamp: "2026-03-29T00:00:00Z" }],
    ["a time zone", { ...first, timestamp: "2026-03-29T00:00:00.000+00:00" }],
    ["a short hash", { ...first, sequence: 2, prevHash: "ab" }],
    ["an upper-case hash", { ...first, sequence: 2, prevHash: "A".repeat(64) }],
    ["a first event that follows another", { ...first, prevHash: "a".repeat(64) }],
    ["a second event that follows none", { ...first, sequence: 2 }],
  ])("refuses %s as a position", (_, position) => {
    expect(() => chainEvent(draft(), position)).toThrow(TypeError)
  })
})

describe("canonicalEvent", () => {
  test("is RFC 8785 of the event without its hash", () => {
    fc.assert(
      fc.property(drafts, (each) => {
        const { event } = chainEvent(each, first)
        const { hash, ...hashed } = event
        expect(decodeUtf8(canonicalEvent(event))).toBe(canonicalJson(hashed))
        expect(decodeUtf8(canonicalEvent(hashed))).toBe(canonical(event))
        expect(eventHash(event)).toBe(hash)
        expect(leafHash(canonicalEvent(event))).toEqual(chainEvent(each, first).leafHash)
      }),
    )
  })

  test("covers members that this version does not know", () => {
    const { event } = chainEvent(draft(), first)
    for (const name of ["a", "zz", "__proto__", "toString", ""]) {
      const added = { ...event, ...JSON.parse(`{"${name}":"x"}`) } as AuditEvent
      const widened =
        name === "__proto__"
          ? (JSON.parse(JSON.stringify(event).replace("{", '{"__proto__":"x",')) as AuditEvent)
          : added
      expect(eventHash(widened)).toBe(hashOf(widened))
      expect(eventHash(widened)).not.toBe(event.hash)
    }
  })

  test("throws a typed error for values without a canonical form", () => {
    const { event } = chainEvent(draft(), first)
    for (const bad of [
      { ...event, detail: "\ud800" },
      { ...event, more: "\ud800" },
      { ...event, more: Number.NaN },
      { ...event, data: { a: "\ud800" } },
      { ...event, data: { "\ud800": 1 } },
      { ...event, data: { a: Number.NaN } },
      { ...event, data: { a: [undefined] as never } },
      // biome-ignore lint/suspicious/noSparseArray: a hole has no canonical form.
      { ...event, data: { a: [, 1] as never } },
      { ...event, data: { a: new Date(0) as never } },
    ])
      expect(() => canonicalEvent(bad)).toThrow(AuditError)
  })
})

test("an event is valid only at its position in the chain", () => {
  const { events } = trail(50)
  expect(new Set(events.map((event) => event.hash)).size).toBe(50)
  const same = chained([draft(), draft()])
  expect(same.events[0]?.hash).not.toBe(same.events[1]?.hash)
})
