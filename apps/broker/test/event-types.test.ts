import { AUDIT_EVENT_TYPES as chained } from "@agentwrit/audit"
import { AUDIT_EVENT_TYPES as queried } from "@agentwrit/contract"
import { expect, test } from "vitest"

// The contract may not import the audit package, so each has a list. This compares them.
test("queries accept every event type of the trail, and no other", () => {
  expect(queried).toEqual(chained)
})
