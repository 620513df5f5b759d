/** How much of everything is tried. */
export interface Profile {
  readonly name: string
  /** Minutes after which nothing new is begun, unless `--minutes` says otherwise. */
  readonly minutes: number
  readonly crashes: { readonly runs: number; readonly cycles: number }
  /** Every so many writes one is where the broker dies; 1 is every write. */
  readonly everyWrite: { readonly stride: number }
  readonly storage: { readonly every: boolean }
  readonly protocol: { readonly requests: number }
  readonly sockets: { readonly idle: number }
  readonly floods: {
    readonly challenges: number
    readonly badTokens: number
    readonly keys: number
    readonly streams: number
  }
  readonly soak: { readonly seconds: number }
  readonly power: { readonly seeds: number; readonly controls: number }
}

/** For the ordinary tests. */
export const SHORT: Profile = {
  name: "short",
  minutes: 2,
  crashes: { runs: 2, cycles: 4 },
  everyWrite: { stride: 48 },
  power: { seeds: 1, controls: 2 },
  storage: { every: false },
  protocol: { requests: 4000 },
  sockets: { idle: 1000 },
  floods: { challenges: 10_000, badTokens: 10_000, keys: 5000, streams: 1200 },
  soak: { seconds: 6 },
}

/** What `npx pnpm@12 torture` runs. */
export const FULL: Profile = {
  name: "full",
  minutes: 10,
  crashes: { runs: 20, cycles: 11 },
  everyWrite: { stride: 1 },
  power: { seeds: 20, controls: 3 },
  storage: { every: true },
  protocol: { requests: 100_000 },
  sockets: { idle: 5000 },
  floods: { challenges: 1_000_000, badTokens: 1_000_000, keys: 100_000, streams: 10_000 },
  soak: { seconds: 60 },
}
