import { ENDURANCE_FAULTS } from "./faults/endurance.ts"
import { LEDGER_FAULTS } from "./faults/ledger.ts"
import { STORAGE_FAULTS } from "./faults/storage.ts"
import { TRAIL_FAULTS } from "./faults/trail.ts"
import { WIRE_FAULTS } from "./faults/wire.ts"

/** The faults that can be planted, by what a broker with one of them does. */
export const FAULTS = {
  ...LEDGER_FAULTS,
  ...STORAGE_FAULTS,
  ...TRAIL_FAULTS,
  ...WIRE_FAULTS,
  ...ENDURANCE_FAULTS,
} as const

export type FaultName = keyof typeof FAULTS
