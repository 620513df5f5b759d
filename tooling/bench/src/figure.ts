import type { Sample } from "./statistics.ts"

/** How much is measured: `full` for figures to go by, `short` to see that all of it works. */
export interface Profile {
  readonly name: "full" | "short"
  /** Measurements of each figure; the median counts. Many short ones: what else the machine does then falls on both sides alike. */
  readonly runs: number
  /** Seconds of load in each. */
  readonly seconds: number
  /** Runs before them that do not count, so that the compilers of both are done. */
  readonly warmUps: number
  /** Events of the long trail, and of the one that it is held against. */
  readonly longTrail: number
  readonly shortTrail: number
  readonly revocations: number
  /** Revocations that are timed until they are felt. */
  readonly refusals: number
}

/** What a figure has to work with. */
export interface Bench {
  readonly profile: Profile
  /** A new empty folder, gone at the end. */
  folder(): Promise<string>
  /** The folders that CPU profiles of brokers and of floors go to; absent: none are taken. */
  readonly cpuProfiles?: { readonly measured: string; readonly floor: string }
}

/** What one figure should reach; a ratio is that of what is measured to its floor. */
export type Reach =
  | { readonly ratioAtLeast: number }
  | { readonly ratioAtMost: number }
  /** More than the floor by so much. */
  | { readonly onTopAtMost: number }
  | { readonly atLeast: number }
  | { readonly atMost: number }

/** One line of the table. */
export interface Row {
  readonly what: string
  readonly unit: string
  readonly measured: Sample
  /** What the machine could do at best, measured in the same run. */
  readonly floor?: Sample
  /** Measured to floor, the median over pairs of runs that followed each other. */
  readonly ratio?: number
  /** Measured minus floor, likewise. */
  readonly onTop?: number
  readonly reach: readonly Reach[]
  /** Microseconds of the server's CPU for one request, and of the floor's. */
  readonly cpu?: { readonly measured: number; readonly floor?: number }
  /** Share of one core that the load client took: near 1 it, and not the server, is the limit. Absent for a client that polls. */
  readonly clientCpu?: number
}

/** One figure: a file in `figures/` and a line in `figures.ts`. */
export interface Figure {
  /** As in `bench <name>`. */
  readonly name: string
  measure(bench: Bench): Promise<readonly Row[]>
}

/** Whether what was measured reaches that. */
export function isReached({ measured, ratio = Number.NaN, onTop = Number.NaN }: Row, reach: Reach): boolean {
  if ("ratioAtLeast" in reach) return ratio >= reach.ratioAtLeast
  if ("ratioAtMost" in reach) return ratio <= reach.ratioAtMost
  if ("onTopAtMost" in reach) return onTop <= reach.onTopAtMost
  return "atLeast" in reach ? measured.median >= reach.atLeast : measured.median <= reach.atMost
}

/** A figure that this machine cannot be asked for, such as without `strace`. */
export class CannotMeasureError extends Error {
  override readonly name = "CannotMeasureError"
}
