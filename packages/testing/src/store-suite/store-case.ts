import type { Store } from "@agentwrit/authority/ports"
import type { SettableClock } from "../settable-clock.ts"

/** The state of one case, empty at first. Closing and opening again keeps what was committed. */
export interface StoreUnderTest {
  open(): Promise<Store>
  readonly clock: SettableClock
}

/** One promise of every Store. */
export interface StoreCase {
  readonly name: string
  run(underTest: StoreUnderTest): Promise<void>
}
