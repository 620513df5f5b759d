/** How much of everything is tried. */
export interface Profile {
  readonly name: string
  /** Minutes after which nothing new is begun, unless `--minutes` says otherwise. */
  readonly minutes: number
  readonly crashes: { readonly runs: number; readonly cycles: number }
  /** Every so many writes one is where the broker dies; 1 is every write. */
  readonly everyWrite: { readonly stride: number }
  readonly protocol: { readonly requests: number }
  readonly power: { readonly seeds: number; readonly controls: number }
}

/** For the ordinary tests. */
export const SHORT: Profile = {
  name: "short",
  minutes: 2,
  crashes: { runs: 2, cycles: 5 },
  everyWrite: { stride: 16 },
  power: { seeds: 2, controls: 2 },
  protocol: { requests: 4000 },
}

/** What `npx pnpm@12 torture` runs. */
export const FULL: Profile = {
  name: "full",
  minutes: 10,
  crashes: { runs: 20, cycles: 11 },
  everyWrite: { stride: 1 },
  power: { seeds: 20, controls: 3 },
  protocol: { requests: 100_000 },
}
