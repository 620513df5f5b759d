import type { Profile } from "./figure.ts"

/** Figures to go by. */
export const FULL: Profile = {
  name: "full",
  runs: 15,
  seconds: 0.5,
  warmUps: 20,
  longTrail: 1_000_000,
  shortTrail: 10_000,
  revocations: 1_000_000,
  refusals: 1_000,
}

/** Says that everything works, and nothing of how fast. */
export const SHORT: Profile = {
  name: "short",
  runs: 1,
  seconds: 0.2,
  warmUps: 1,
  longTrail: 2_000,
  shortTrail: 500,
  revocations: 2_000,
  refusals: 5,
}
