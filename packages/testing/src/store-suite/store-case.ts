import type { Store } from "@agentwrit/authority/ports"
import type { SettableClock } from "../settable-clock.ts"

/** The empty state of one case. Opening it again, after closing, finds what was committed. */
export interface StoreUnderTest {
  open(): Promise<Store>
  readonly clock: SettableClock
}

/** One promise of every Store. */
export interface StoreCase {
  readonly name: string
  run(underTest: StoreUnderTest): Promise<void>
}
