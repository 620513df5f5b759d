import type { Sample } from "./statistics.ts"

/** Operations in flight wherever throughput is measured. */
export const IN_FLIGHT = 64

/** How much is measured. */
export interface Profile {
  readonly name: "full" | "short"
  /**
   * Measurements of each figure; the median counts. Many short ones spread other load of the machine over both sides.
   */
  readonly runs: number
  /** Seconds of load in each run. */
  readonly seconds: number
  /** Runs before them that do not count, until both sides are compiled. */
  readonly warmUps: number
  /** Events of the long trail, and of the short one beside it. */
  readonly longTrail: number
  readonly shortTrail: number
  readonly revocations: number
  /** Revocations that are timed until a verifier refuses the token. */
  readonly refusals: number
}

/** Gives figures to compare. */
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

/** Shows only that every figure runs. */
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

/** What a figure works with. */
export interface Bench {
  readonly profile: Profile
  /** Keys in the broker's ring. */
  readonly keys: number
  /** Makes an empty folder, which is removed at the end. */
  folder(): Promise<string>
  /** Where brokers and floors write their CPU profiles. Absent: they write none. */
  readonly cpuProfiles?: { readonly measured: string; readonly floor: string }
}

/** What a figure should reach. A ratio is measured to floor. */
export type Reach =
  | { readonly ratioAtLeast: number }
  | { readonly ratioAtMost: number }
  /** Measured minus floor. */
  | { readonly onTopAtMost: number }
  | { readonly atLeast: number }
  | { readonly atMost: number }

/** One line of the table. */
export interface Row {
  readonly what: string
  readonly unit: string
  readonly measured: Sample
  /** The best that the machine can do, measured in the same run. */
  readonly floor?: Sample
  /** Measured to floor: the median over pairs of runs. */
  readonly ratio?: number
  /** Measured minus floor, in the same way. */
  readonly onTop?: number
  readonly reach: readonly Reach[]
  /** Microseconds of the server's CPU for one request, and of the floor's. */
  readonly cpu?: { readonly measured: number; readonly floor?: number }
  /** The load client's share of one core: near 1, the client is the limit. Absent for a client that polls. */
  readonly clientCpu?: number
}

/** One figure, or several that are measured together. */
export interface Figure {
  /** As in `bench <name>`. */
  readonly name: string
  measure(bench: Bench): Promise<readonly Row[]>
}

/** Whether the row reaches it. */
export function isReached({ measured, ratio = Number.NaN, onTop = Number.NaN }: Row, reach: Reach): boolean {
  if ("ratioAtLeast" in reach) return ratio >= reach.ratioAtLeast
  if ("ratioAtMost" in reach) return ratio <= reach.ratioAtMost
  if ("onTopAtMost" in reach) return onTop <= reach.onTopAtMost
  return "atLeast" in reach ? measured.median >= reach.atLeast : measured.median <= reach.atMost
}

/** The flags with which a process writes its CPU profile into the folder when it ends. */
export const profilingFlags = (folder: string | undefined): string[] =>
  folder === undefined ? [] : ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${folder}`]

/** This machine cannot measure the figure, for example without `strace`. */
export class CannotMeasureError extends Error {
  override readonly name = "CannotMeasureError"
}
