import {
  type AuditEvent,
  GENESIS_HASH,
  RightEdge,
  rootOf,
  type TrailReport,
  TrailVerifier,
  type VerifyTrailOptions,
  verifyTrail,
} from "@agentwrit/audit"
import { encodeBase64, encodeHex } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hashOf, leafOf, treeRoot } from "./independent.ts"
import { chained, draft, drafts, trail } from "./trail.ts"

const { events, edge, leaves } = trail(20)
const head = { size: 20, root: edge.root() }
const at = (position: number): AuditEvent => events[position - 1] ?? expect.fail("no such event")
const headAt = (size: number): { size: number; root: Uint8Array } => ({ size, root: rootOf(leaves.slice(0, size)) })

/** The trail with the event at a position (from 1) replaced. */
const withEvent = (position: number, event: unknown): unknown[] => events.with(position - 1, event as AuditEvent)

/** Like an insider: changes an event and gives every event from there on new hashes. */
function rewritten(position: number, change: (event: AuditEvent) => AuditEvent): AuditEvent[] {
  const all = [...events]
  for (let i = position - 1; i < all.length; i++) {
    const old = all[i] ?? expect.fail("no such event")
    const moved = { ...(i === position - 1 ? change(old) : old), prev_hash: all[i - 1]?.hash ?? GENESIS_HASH }
    all[i] = { ...moved, hash: hashOf(moved) }
  }
  return all
}

async function brokenAt(trailEvents: Iterable<unknown>, options?: VerifyTrailOptions): Promise<string> {
  const report = await verifyTrail(trailEvents, options)
  return report.ok ? "ok" : `${report.position} ${report.reason}`
}

describe("a sound trail", () => {
  const sound: TrailReport = { ok: true, count: 20, headHash: at(20).hash, root: edge.root() }

  test("verifies, as objects and as lines, from an array, a generator or a stream", async () => {
    async function* stream(): AsyncGenerator<string> {
      for (const event of events) yield JSON.stringify(event)
    }
    expect(await verifyTrail(events)).toStrictEqual(sound)
    expect(await verifyTrail(new Set(events))).toStrictEqual(sound)
    expect(await verifyTrail(stream(), { checkpoint: head })).toStrictEqual(sound)
  })

  test("verifies whatever the events hold, with the hashes and root of an independent computation", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(drafts, { maxLength: 12 }), async (all) => {
        const exported = chained(all).events.map((event) => JSON.stringify(event))
        const read = exported.map((text): AuditEvent => JSON.parse(text))
        const report = await verifyTrail(exported)
        expect(report).toMatchObject({ ok: true, count: all.length, headHash: read.at(-1)?.hash ?? "0".repeat(64) })
        expect(report.ok && encodeHex(report.root)).toBe(treeRoot(read.map(leafOf)).toString("hex"))
      }),
    )
  })

  test("may be empty", async () => {
    expect(await verifyTrail([])).toStrictEqual({
      ok: true,
      count: 0,
      headHash: "0".repeat(64),
      root: new RightEdge().root(),
    })
    expect(await brokenAt([], { checkpoint: { size: 0, root: new RightEdge().root() } })).toBe("ok")
  })

  test("verifies against any checkpoint that it passed", async () => {
    for (let size = 0; size <= 20; size++) expect(await brokenAt(events, { checkpoint: headAt(size) })).toBe("ok")
    expect(
      await brokenAt(events, { checkpoints: [headAt(9), head, headAt(3), headAt(9)], checkpoint: headAt(4) }),
    ).toBe("ok")
  })

  test("verifies with a type, an outcome and a member of a later version", async () => {
    const later = rewritten(
      20,
      (event) => ({ ...event, event_type: "agent_paused", outcome: "partial", region: "eu" }) as never,
    )
    expect(await brokenAt(later)).toBe("ok")
    expect(await brokenAt(later.map((event) => JSON.stringify(event)))).toBe("ok")
  })

  test("verifies as lines when its text looks like JSON itself", async () => {
    const texts = ['","detail":"x"', "\\", '\\"', 'a\\":', '":', '{"id":1}', '\\\\":', "\u2028\t"]
    const lines = chained(texts.map((detail) => draft({ detail, resource: `${detail}"` }))).events.map((e) =>
      JSON.stringify(e),
    )
    expect(await brokenAt(lines)).toBe("ok")
  })

  test("does not depend on the order of members or the spelling of strings", async () => {
    const reordered = events.map((event) =>
      JSON.stringify(Object.fromEntries(Object.entries(event).reverse()), null, 1),
    )
    expect(await brokenAt(reordered.map((line) => line.replaceAll("event", "\\u0065vent")))).toBe("ok")
  })
})

describe("an edited event is found where it stands", () => {
  const members = Object.keys(at(5)) as (keyof AuditEvent)[]

  test.each(members)("%s changed", async (member) => {
    const value = at(5)[member]
    if (typeof value === "object") return expect.fail("the event has no data")
    // The second still has the form of an id, a time or a hash.
    const changes =
      typeof value === "number"
        ? [value + 1]
        : [`${value}x`, value?.replace(/[\da-z](?=[^\da-z]*$)/, (last) => (last === "9" ? "8" : "9"))]
    for (const change of changes)
      expect(await brokenAt(withEvent(5, { ...at(5), [member]: change }))).toMatch(
        /^5 (malformed|id|order|prev_hash|hash)$/,
      )
  })

  test.each([
    "agent_id",
    "task_id",
    "orch_id",
    "resource",
    "detail",
    "event_type",
    "outcome",
    "deleg_chain_hash",
  ] as const)("%s changed, by the hash", async (member) => {
    expect(await brokenAt(withEvent(5, { ...at(5), [member]: `${at(5)[member]}x` }))).toBe("5 hash")
  })

  test.each(members)("%s removed, emptied, or of another type", async (member) => {
    const { [member]: _, ...without } = at(5)
    expect(await brokenAt(withEvent(5, without))).toMatch(/^5 (malformed|hash)$/)
    for (const change of ["", 0, null, {}, [], true, 1.5, -1, "evt-5", "\ud800"])
      expect(await brokenAt(withEvent(5, { ...at(5), [member]: change }))).toMatch(/^5 /)
  })

  test.each(["agent_id", "task_id", "orch_id", "resource", "deleg_chain_hash", "deleg_depth", "bytes_transferred"])(
    "%s added, empty or not",
    async (member) => {
      const bare = chained([draft(), { event_type: "admin_auth", detail: "", outcome: "success" }, draft()]).events
      for (const value of ["", 0, "x", 7]) {
        const changed = bare.with(1, { ...(bare[1] as AuditEvent), [member]: value })
        expect(await brokenAt(changed)).toMatch(/^2 (malformed|hash)$/)
      }
    },
  )

  test("an unknown member added", async () => {
    for (const name of ["x", "Detail", "__proto__", "constructor", "hash ", "toJSON"]) {
      for (const value of ['"x"', "1", "true", '""'])
        expect(
          await brokenAt(withEvent(5, JSON.parse(JSON.stringify(at(5)).replace("{", `{"${name}":${value},`)))),
        ).toBe("5 hash")
      for (const value of ["{}", "[]", '{"a":{"b":1}}'])
        expect(await brokenAt(withEvent(5, JSON.stringify(at(5)).replace("{", `{"${name}":${value},`)))).toBe(
          "5 malformed",
        )
    }
  })

  test("an empty member with a correct hash", async () => {
    for (const empty of [{ task_id: "" }, { deleg_depth: 0 }, { bytes_transferred: 0 }, { event_type: "" }])
      expect(await brokenAt(rewritten(20, (event) => ({ ...event, ...empty }) as AuditEvent))).toBe("20 malformed")
  })

  test("a malformed value is reported only by its kind", async () => {
    const secret = "s3cret"
    const kinds: [unknown, string, string][] = [
      [undefined, "an event as a JSON object", "nothing"],
      [null, "an event as a JSON object", "null"],
      [[at(5)], "an event as a JSON object", "an array"],
      ["[]", "an event as a JSON object", "an array"],
      [secret, "an event as a JSON object", "a line that is not JSON"],
      [JSON.stringify(secret), "an event as a JSON object", "a string"],
      [{ ...at(5), timestamp: secret }, "a time in UTC with milliseconds as timestamp", "a string"],
      [{ ...at(5), deleg_depth: 1.5 }, "a whole number from 1 as deleg_depth", "a number"],
      [{ ...at(5), detail: undefined }, "a string as detail", "nothing"],
      [{ ...at(5), resource: "" }, "a string that is not empty as resource", "an empty string"],
      [{ ...at(5), more: {} }, "members that hold a string or a number", "an object"],
    ]
    for (const [event, expected, found] of kinds)
      expect(await verifyTrail(withEvent(5, event))).toMatchObject({
        position: 5,
        reason: "malformed",
        expected,
        found,
      })
  })

  test("a duplicate member in a line, before or after the original", async () => {
    const line = JSON.stringify(at(5))
    for (const repeated of [
      '"detail":"innocent"',
      '"d\\u0065tail":"innocent"',
      '"outcome" : "denied"',
      '"detail":"event number 4"',
    ]) {
      expect(await brokenAt(withEvent(5, line.replace("{", `{${repeated},`)))).toBe("5 malformed")
      expect(await brokenAt(withEvent(5, line.replace(/\}$/, `,${repeated}}`)))).toMatch(/^5 /)
    }
  })

  test("says what was expected and what was found, in one line", async () => {
    const report = await verifyTrail(withEvent(5, { ...at(5), detail: "innocent" }))
    const found = at(5).hash
    const expected = hashOf({ ...at(5), detail: "innocent" })
    expect(report).toStrictEqual({
      ok: false,
      position: 5,
      reason: "hash",
      expected,
      found,
      message: `audit trail broken at event 5: the event was edited: its hash does not match its content (expected ${expected}, found ${found})`,
    })
    const hostile = await verifyTrail(withEvent(5, { ...at(5), id: `\n\u001b[2J\u009b31m\u202e${"x".repeat(10_000)}` }))
    const found100 = `\\u000a\\u001b[2J\\u009b31m\\u202e${"x".repeat(90)}`
    expect(hostile).toMatchObject({ position: 5, reason: "id", expected: "evt-000005", found: found100 })
    expect(hostile.ok || hostile.message).toMatch(/^[ -~]{1,400}$/)
  })

  test.each([
    [
      "by its hash too, at the one after",
      async () => brokenAt(rewritten(5, (e) => ({ ...e, detail: "" })).with(5, at(6))),
      "6 prev_hash",
    ],
    ["with its id spelled otherwise", async () => brokenAt(withEvent(5, { ...at(5), id: "evt-5" })), "5 id"],
    ["with another event's id", async () => brokenAt(withEvent(5, { ...at(5), id: "evt-000006" })), "5 order"],
    [
      "with another event's prev_hash",
      async () => brokenAt(withEvent(5, { ...at(5), prev_hash: at(3).hash })),
      "5 prev_hash",
    ],
    [
      "with an upper-case hash",
      async () => brokenAt(withEvent(5, { ...at(5), hash: at(5).hash.toUpperCase() })),
      "5 malformed",
    ],
    ["at the first place", async () => brokenAt(withEvent(1, { ...at(1), outcome: "denied" })), "1 hash"],
    ["at the last place", async () => brokenAt(withEvent(20, { ...at(20), outcome: "denied" })), "20 hash"],
    [
      "to follow the genesis again",
      async () => brokenAt(withEvent(5, { ...at(5), prev_hash: GENESIS_HASH })),
      "5 prev_hash",
    ],
  ])("%s", async (_, verified, expected) => {
    expect(await verified()).toBe(expected)
  })
})

test.each([
  ["nothing", undefined],
  ["null", null],
  ["a number", 5],
  ["a boolean", true],
  ["an array", []],
  ["an empty object", {}],
  ["a function", () => 1],
  ["a symbol", Symbol("event")],
  ["a bigint", 1n],
  ["an empty line", ""],
  ["a line that is not JSON", "{"],
  ["a line of two objects", `${JSON.stringify(at(3))}${JSON.stringify(at(4))}`],
  ["a line that holds a line", JSON.stringify(JSON.stringify(at(3)))],
  ["a line of a million brackets", "[".repeat(1_000_000)],
  ["a line of a deep member", JSON.stringify(at(3)).replace("{", `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)},`)],
  ["a line of a number without end", JSON.stringify(at(3)).replace("{", '{"x":1e999,')],
  ["a long string", JSON.stringify({ ...at(3), id: '\\"'.repeat(500_000) })],
])("%s instead of an event is reported, not thrown", async (_, value) => {
  const report = await verifyTrail(withEvent(3, value))
  expect(report).toMatchObject({ ok: false, position: 3, reason: expect.stringMatching(/^(malformed|id)$/) })
})

describe("events out of their places are found at the first wrong one", () => {
  test.each([
    ["dropped", events.toSpliced(4, 1), "5 order"],
    ["dropped at the start", events.slice(1), "1 order"],
    ["repeated", events.toSpliced(5, 0, at(5)), "6 order"],
    ["swapped", events.with(4, at(6)).with(5, at(5)), "5 order"],
    ["moved to the start", [at(20), ...events.slice(0, 19)], "1 order"],
    ["inserted from elsewhere", events.toSpliced(5, 0, { ...at(15), detail: "new" }), "6 order"],
    [
      "inserted with the right id",
      events.toSpliced(5, 0, { ...at(6), prev_hash: at(5).hash, detail: "new" }),
      "6 hash",
    ],
    ["reversed", events.toReversed(), "1 order"],
    ["repeated as a whole", [...events, ...events], "21 order"],
  ])("%s", async (_, changed, expected) => {
    expect(await brokenAt(changed)).toBe(expected)
    expect(await brokenAt(changed.map((event) => JSON.stringify(event)))).toBe(expected)
  })
})

describe("what holds together by itself is found with a checkpoint", () => {
  test("a tail that was cut", async () => {
    for (const kept of [0, 1, 10, 19]) {
      const cut = events.slice(0, kept)
      expect(await brokenAt(cut)).toBe("ok")
      const report = await verifyTrail(cut, { checkpoints: [headAt(20), headAt(kept)] })
      expect(report).toMatchObject({
        position: kept + 1,
        reason: "checkpoint_size",
        expected: "20 events",
        found: `${kept} events`,
      })
    }
  })

  test("a trail that was rewritten before it, but not one rewritten after it", async () => {
    const changed = rewritten(8, (event) => ({ ...event, detail: "innocent" }))
    expect(await brokenAt(changed)).toBe("ok")
    for (let size = 1; size <= 20; size++)
      expect(await brokenAt(changed, { checkpoint: headAt(size) })).toBe(size < 8 ? "ok" : `${size} checkpoint_root`)
    expect(await verifyTrail(changed, { checkpoints: [headAt(12), headAt(4)] })).toMatchObject({
      position: 12,
      expected: encodeBase64(headAt(12).root),
      found: encodeBase64(rootOf(changed.slice(0, 12).map(leafOf))),
    })
  })

  test("a trail of which every event was rewritten, or an event dropped", async () => {
    const other = trail(21).events.map((event) => ({ ...event, detail: "x" }))
    const rebuilt = chained(other).events
    expect(await brokenAt(rebuilt)).toBe("ok")
    expect(await brokenAt(rebuilt, { checkpoint: head })).toBe("20 checkpoint_root")
    const shorter = chained(events.toSpliced(4, 1)).events
    expect(await brokenAt(shorter, { checkpoint: headAt(10) })).toBe("10 checkpoint_root")
  })

  test("two checkpoints of one size that differ", async () => {
    expect(await brokenAt(events, { checkpoints: [headAt(5), { size: 5, root: headAt(6).root }] })).toBe(
      "5 checkpoint_root",
    )
    expect(await brokenAt(events, { checkpoint: { size: 0, root: headAt(6).root } })).toBe("0 checkpoint_root")
  })

  test("an invalid checkpoint is a TypeError", async () => {
    for (const wrong of [
      { size: 5, root: new Uint8Array(31) },
      { size: -1, root: head.root },
      { size: 0.5, root: head.root },
    ])
      await expect(verifyTrail(events, { checkpoint: wrong })).rejects.toThrow(TypeError)
  })
})

test("any single change of an exported trail is found at its position", async () => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant("drop" as const) }),
    fc.record({ kind: fc.constant("repeat" as const) }),
    fc.record({ kind: fc.constant("swap" as const) }),
    fc.record({ kind: fc.constant("edit" as const), member: fc.nat(), to: fc.jsonValue() }),
    fc.record({ kind: fc.constant("add" as const), name: fc.string(), to: fc.jsonValue() }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(drafts, { minLength: 2, maxLength: 8 }),
      fc.nat(),
      change,
      async (all, place, changed) => {
        const whole = chained(all)
        const list: unknown[] = whole.events
        // Not the last position for a drop or a swap: detecting a cut tail takes a checkpoint and has its own test.
        const i = place % (list.length - 1)
        const event = whole.events[i] ?? expect.fail()
        const member = Object.keys(event)
        const edited = (name: string, to: unknown): unknown[] => {
          fc.pre(JSON.stringify(event[name as keyof AuditEvent]) !== JSON.stringify(to))
          return list.with(i, JSON.parse(JSON.stringify({ ...event, [name]: to })))
        }
        const exported = {
          drop: () => list.toSpliced(i, 1),
          repeat: () => list.toSpliced(i, 0, list[i]),
          swap: () => list.with(i, list[i + 1]).with(i + 1, list[i]),
          edit: () => changed.kind === "edit" && edited(member[changed.member % member.length] ?? "id", changed.to),
          add: () => changed.kind === "add" && edited(changed.name, changed.to),
        }[changed.kind]()
        const report = await verifyTrail(exported || [])
        expect(report).toMatchObject({ ok: false, position: changed.kind === "repeat" ? i + 2 : i + 1 })
        expect(await verifyTrail(list)).toMatchObject({ ok: true })
      },
    ),
    { numRuns: 500 },
  )
})

describe("verification continues from a state", () => {
  const upTo = (count: number): TrailVerifier => {
    const verifier = new TrailVerifier()
    for (const event of events.slice(0, count)) expect(verifier.push(event)).toBeUndefined()
    return verifier
  }

  test("with the same result, from every position, also through the edge's bytes", async () => {
    for (let start = 0; start <= 20; start++) {
      const { sequence, prevHash, edge: kept } = upTo(start).state()
      const from = { sequence, prevHash, edge: RightEdge.fromBytes(kept.toBytes()) }
      expect(await verifyTrail(events.slice(start), { from, checkpoints: [headAt(start), head] })).toStrictEqual({
        ok: true,
        count: 20,
        headHash: at(20).hash,
        root: edge.root(),
      })
      expect(from.edge.size).toBe(start)
    }
  })

  test("and reports the position in the whole trail", async () => {
    const from = upTo(10).state()
    expect(await brokenAt(withEvent(12, { ...at(12), detail: "x" }).slice(10), { from })).toBe("12 hash")
    expect(await brokenAt(events.slice(11), { from })).toBe("11 order")
    expect(await brokenAt(events.slice(9), { from })).toBe("11 order")
    expect(await brokenAt(rewritten(8, (e) => ({ ...e, detail: "x" })).slice(10), { from })).toBe("11 prev_hash")
    expect(await brokenAt(events.slice(10, 15), { from, checkpoint: head })).toBe("16 checkpoint_size")
    expect(await brokenAt(events.slice(10), { from, checkpoint: { size: 10, root: head.root } })).toBe(
      "10 checkpoint_root",
    )
  })

  test("that is one", async () => {
    const { sequence, prevHash, edge: kept } = upTo(10).state()
    const bad = [
      { sequence: 9, prevHash, edge: kept },
      { sequence, prevHash: "x", edge: kept },
      { sequence, prevHash: GENESIS_HASH, edge: kept },
      { sequence: 0, prevHash, edge: new RightEdge() },
    ]
    for (const from of bad) expect(() => new TrailVerifier(from)).toThrow(TypeError)
    await expect(verifyTrail([], { from: { sequence, prevHash, edge: kept }, checkpoint: headAt(9) })).rejects.toThrow(
      TypeError,
    )
  })

  test("and a verifier stays at its first problem, and at the position before it", () => {
    const verifier = upTo(4)
    const problem = verifier.push(at(6))
    expect(problem).toMatchObject({ position: 5, reason: "order" })
    expect(verifier.push(at(5))).toBe(problem)
    expect(verifier.size).toBe(4)
    expect(verifier.state()).toMatchObject({ sequence: 4, prevHash: at(4).hash })
    expect(verifier.root()).toEqual(headAt(4).root)
  })

  test("that was returned does not move with the verifier", () => {
    const verifier = upTo(4)
    const state = verifier.state()
    verifier.push(at(5))
    expect(state.edge.size).toBe(4)
    state.edge.append(new Uint8Array(32))
    expect(verifier.root()).toEqual(headAt(5).root)
  })
})

test("an error of the event source is not a broken trail", async () => {
  async function* failing(): AsyncGenerator<AuditEvent> {
    yield at(1)
    throw new Error("disk gone")
  }
  await expect(verifyTrail(failing())).rejects.toThrow("disk gone")
})
