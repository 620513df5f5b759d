import { expect, test } from "vitest"
import type { Figures } from "../src/process-figures.ts"
import { growth } from "../src/soak.ts"

test("soak sees what grows", () => {
  const samples = (memory: (at: number) => number) =>
    Array.from({ length: 30 }, (_, at): Figures => ({ memory: memory(at), handles: 40, wal: 4, delay: 20 }))
  expect(
    growth(
      samples((at) => 100 + 6 * at),
      "memory",
    ).problems,
  ).toHaveLength(1)
  expect(
    growth(
      samples((at) => (at < 10 ? 50 + 10 * at : 150)),
      "memory",
    ).problems,
  ).toEqual([])
})
