import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { judgeHistory } from "@agentwrit/testing/model/history"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { describe, test } from "vitest"

/** `MODEL_SEED` replays the history that a failure names. */
const SEEDS = process.env["MODEL_SEED"]?.split(",").map(Number) ?? [1, 2, 3]

describe("broker, offline verifier and a model of CONTRACT 2 agree on every token of a random history", () => {
  for (const seed of SEEDS)
    test(`seed ${seed}`, async () => {
      const clock = settableClock()
      const data = new MemoryData()
      await judgeHistory({ seed, steps: 300, clock, openStore: () => new MemoryStore({ clock, data }) })
    })
})
