import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { EVENT_COLUMNS } from "../src/event-columns.ts"
import { type Column, recordLines, tableLines } from "../src/table.ts"
import { visible, widthOf } from "../src/text.ts"

const plain = (text: string): string => text

const AGENT = "spiffe://agentwrit.local/agent/crm/t-42/0123456789abcdef"
const HASH = "0".repeat(64)

const EVENTS = [
  {
    id: "evt-000041",
    timestamp: "2026-03-29T00:00:00.000Z",
    event_type: "agent_registered",
    agent_id: AGENT,
    detail: "registered with scope read:data:7 for 300 s by the launch token of data-processor, orchestration crm",
    outcome: "success",
    hash: HASH,
    prev_hash: HASH,
  },
  {
    id: "evt-000042",
    timestamp: "2026-03-29T00:00:01.000Z",
    event_type: "admin_auth_failed",
    detail: "wrong secret \u001b[31mred\u001b[0m \u202e and 漢字",
    outcome: "denied",
    hash: HASH,
    prev_hash: HASH,
  },
]

test.each([80, 160, 200])("events at %i columns", (width) => {
  expect(tableLines(EVENTS, EVENT_COLUMNS, width, plain).join("\n")).toMatchSnapshot()
})

test("without a terminal nothing is cut", () => {
  const text = tableLines(EVENTS, EVENT_COLUMNS, undefined, plain).join("\n")
  expect(text).toContain(EVENTS[0]?.detail)
  expect(text).toMatchSnapshot()
})

test.each([80, 200])("a record at %i columns", (width) => {
  const parts = [
    ["app id", "app-billing-1a2b3c"],
    ["client secret", `${HASH}  (shown only once)`],
    ["scopes", "read:invoices:* write:invoices:42 ".repeat(5).trim()],
  ] as const
  expect(recordLines(parts, width, plain).join("\n")).toMatchSnapshot()
})

describe("any table", () => {
  const columns: readonly Column<readonly [string, string, string]>[] = [
    { title: "ID", cell: ([id]) => id },
    { title: "STATUS", cell: ([, status]) => status },
    { title: "DETAIL", cell: ([, , detail]) => detail, cuttable: true },
  ]
  const id = fc.stringMatching(/^[a-z0-9:/.-]{1,90}$/)
  const rows = fc.array(
    fc.tuple(id, fc.constantFrom("active", "revoked"), fc.string({ unit: "binary", maxLength: 120 })),
    {
      minLength: 1,
      maxLength: 5,
    },
  )

  test("keeps ids whole, fits the width, and escapes control characters", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 20, max: 220 }), (all, width) => {
        const lines = tableLines(all, columns, width, plain)
        for (const [one] of all) expect(lines.some((line) => line.split(/ {2,}/).includes(one))).toBe(true)
        expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        // Part of a word could read as another word.
        const words = new Set(all.flatMap(([, , detail]) => visible(detail).split(" ")))
        for (const [, shown = ""] of lines.join("\n").matchAll(/(?:^|\s)(\S+)…$/gm)) expect(words).toContain(shown)
        const inColumns = lines[0]?.startsWith("ID") === true && /STATUS +DETAIL/.test(lines[0])
        if (inColumns) expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width)
      }),
    )
  })
})
