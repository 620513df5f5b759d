import type { Clock } from "../clock.ts"
import type { Store } from "../store.ts"
import { agentCases } from "./agent-cases.ts"
import { appCases } from "./app-cases.ts"
import { commitCases } from "./commit-cases.ts"
import { START } from "./fixtures.ts"
import { revocationCases } from "./revocation-cases.ts"
import { trailCases } from "./trail-cases.ts"

/** A clock that stands still until it is set. */
export interface SettableClock extends Clock {
  set(milliseconds: number): void
  /** Sets the clock as an operator or NTP would: no time passes. */
  step(milliseconds: number): void
}

/** A state of its own for one case: opening it again, after closing, finds what was committed. */
export interface StoreUnderTest {
  open(): Promise<Store>
  readonly clock: SettableClock
}

/** One promise that every Store keeps. */
export interface StoreCase {
  readonly name: string
  run(underTest: StoreUnderTest): Promise<void>
}

/**
 * What every {@link Store} must do, as cases for whichever test runner. A case rejects with an AssertionError when the store
 * breaks its promise.
 *
 * @example
 * ```ts
 * for (const { name, run } of storeSuite)
 *   test(name, () => run({ clock, open: () => openMyStore({ clock, path: emptyFolder() }) }))
 * ```
 */
export const storeSuite: readonly StoreCase[] = [
  ...commitCases,
  ...appCases,
  ...agentCases,
  ...revocationCases,
  ...trailCases,
]

/** A clock for the suite, standing at the instant that it counts from. */
export function settableClock(): SettableClock {
  let now = START
  let passed = START
  return {
    now: () => now,
    elapsed: () => passed,
    set(milliseconds) {
      passed += milliseconds - now
      now = milliseconds
    },
    step(milliseconds) {
      now = milliseconds
    },
  }
}
