import { affectedCases } from "./affected-cases.ts"
import { agentCases } from "./agent-cases.ts"
import { appCases } from "./app-cases.ts"
import { commitCases } from "./commit-cases.ts"
import { followCases } from "./follow-cases.ts"
import { housekeepingCases } from "./housekeeping-cases.ts"
import { keyRingCases } from "./key-ring-cases.ts"
import { revocationCases } from "./revocation-cases.ts"
import type { StoreCase } from "./store-case.ts"
import { trailCases } from "./trail-cases.ts"

export type { StoreCase, StoreUnderTest } from "./store-case.ts"

/**
 * What every Store must do, as cases for any test runner. A case rejects with an AssertionError when the store does not
 * do it.
 * @example
 * ```ts
 * import { test } from "vitest"
 *
 * for (const { name, run } of storeSuite)
 *   test(name, () => run({ clock, open: () => openMyStore({ clock, path: emptyFolder() }) }))
 * ```
 */
export const storeSuite: readonly StoreCase[] = [
  ...commitCases,
  ...appCases,
  ...agentCases,
  ...revocationCases,
  ...affectedCases,
  ...keyRingCases,
  ...followCases,
  ...trailCases,
  ...housekeepingCases,
]
