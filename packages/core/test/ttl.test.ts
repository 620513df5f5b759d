import fc from "fast-check"
import { expect, it } from "vitest"
import { clampTtl, TtlError } from "../src/index.ts"

it.each([
  [{ fallback: 300, limits: [] }, 300],
  [{ requested: 60, fallback: 300, limits: [] }, 60],
  [{ requested: undefined, fallback: 300, limits: [100] }, 100],
  [{ requested: 3600, fallback: 300, limits: [900, 0] }, 900],
  [{ requested: 3600, fallback: 300, limits: [900, 600] }, 600],
  [{ requested: 3600, fallback: 300, limits: [0, 0] }, 3600],
  [{ requested: 1, fallback: 300, limits: [900] }, 1],
])("%j gives %i", (terms, expected) => {
  expect(clampTtl(terms)).toBe(expected)
})

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "60" as never, null as never])(
  "refuses a request for %s",
  (requested) => {
    const run = () => clampTtl({ requested, fallback: 300, limits: [] })
    expect(run).toThrow(TtlError)
    expect(run).toThrow(expect.objectContaining({ code: "invalid_ttl" }))
  },
)

it.each([
  [{ fallback: 0, limits: [] }],
  [{ fallback: -1, limits: [] }],
  [{ fallback: 300, limits: [-1] }],
  [{ fallback: 300, limits: [1.5] }],
  [{ fallback: 300, limits: [Number.NaN] }],
])("throws a TypeError for %j", (terms) => {
  expect(() => clampTtl(terms)).toThrow(TypeError)
})

it("is never above the requested TTL, never above a limit, and never zero", () => {
  const seconds = fc.integer({ min: 1, max: 100_000 })
  fc.assert(
    fc.property(
      fc.option(seconds, { nil: undefined }),
      seconds,
      fc.array(fc.nat(100_000)),
      (requested, fallback, limits) => {
        const ttl = clampTtl({ requested, fallback, limits })
        expect(ttl).toBeGreaterThanOrEqual(1)
        expect(ttl).toBeLessThanOrEqual(requested ?? fallback)
        for (const limit of limits) if (limit !== 0) expect(ttl).toBeLessThanOrEqual(limit)
        expect([requested ?? fallback, ...limits]).toContain(ttl)
      },
    ),
  )
})
