import { settableClock } from "@agentwrit/testing/settable-clock"
import { storeSuite } from "@agentwrit/testing/store-suite"
import { describe, test } from "vitest"
import { MemoryData, MemoryStore } from "../src/index.ts"

describe("MemoryStore keeps every promise of a Store", () => {
  for (const { name, run } of storeSuite)
    test(name, async () => {
      const clock = settableClock()
      const data = new MemoryData()
      await run({ clock, open: async () => new MemoryStore({ clock, data }) })
    })
})
