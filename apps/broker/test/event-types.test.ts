import { AUDIT_EVENT_TYPES as chained } from "@agentwrit/audit"
import { AUDIT_EVENT_TYPES as queried } from "@agentwrit/contract"
import { expect, test } from "vitest"

// The contract may not import the audit package, so each has the list; here both are known.
test("every type of event that the trail holds can be asked for, and no other", () => {
  expect(queried).toEqual(chained)
})
