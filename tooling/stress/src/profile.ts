/** How much of everything is tried. */
export interface Profile {
  readonly name: string
  /** Minutes after which nothing new is begun, unless `--minutes` says otherwise. */
  readonly minutes: number
  readonly crashes: { readonly runs: number; readonly cycles: number }
  /** Every so many writes of the database, and other calls that change the disk, one is where the broker dies; 1 is every one. */
  readonly everyWrite: { readonly stride: number; readonly others: number }
  readonly storage: { readonly every: boolean }
  /** Tokens, and as many chains, that chance changes, beside the attacks that are written down. */
  readonly tokens: { readonly mutations: number }
  readonly protocol: { readonly requests: number }
  readonly sockets: { readonly idle: number }
  readonly floods: {
    readonly challenges: number
    /** Bad tokens that one source sends, and such of many sources: more than the trail tells of one by one. */
    readonly ofOneSource: number
    readonly badTokens: number
    readonly keys: number
    readonly streams: number
  }
  /** `warmUp`: first fills all that the broker may fill, so that what grows then is a leak. */
  readonly soak: { readonly warmUp: boolean; readonly seconds: number }
  readonly power: { readonly seeds: number; readonly controls: number }
}

/** For the ordinary tests. */
const short: Profile = {
  name: "short",
  minutes: 5,
  crashes: { runs: 1, cycles: 3 },
  everyWrite: { stride: 140, others: 8 },
  storage: { every: false },
  power: { seeds: 1, controls: 2 },
  tokens: { mutations: 100 },
  protocol: { requests: 2500 },
  sockets: { idle: 1000 },
  floods: { challenges: 4000, ofOneSource: 1000, badTokens: 6000, keys: 2000, streams: 1100 },
  soak: { warmUp: false, seconds: 4 },
}

/** What fits in ten minutes on two cores. */
const standard: Profile = {
  name: "default",
  minutes: 10,
  crashes: { runs: 8, cycles: 12 },
  everyWrite: { stride: 8, others: 1 },
  storage: { every: true },
  power: { seeds: 6, controls: 3 },
  tokens: { mutations: 2000 },
  protocol: { requests: 25_000 },
  sockets: { idle: 5000 },
  floods: { challenges: 200_000, ofOneSource: 10_000, badTokens: 150_000, keys: 50_000, streams: 3000 },
  soak: { warmUp: true, seconds: 40 },
}

/** Every number that is promised; some three quarters of an hour on two cores. */
const long: Profile = {
  name: "long",
  minutes: 60,
  crashes: { runs: 20, cycles: 11 },
  everyWrite: { stride: 1, others: 1 },
  storage: { every: true },
  power: { seeds: 20, controls: 3 },
  tokens: { mutations: 10_000 },
  protocol: { requests: 100_000 },
  sockets: { idle: 5000 },
  floods: { challenges: 1_000_000, ofOneSource: 100_000, badTokens: 1_000_000, keys: 100_000, streams: 10_000 },
  soak: { warmUp: true, seconds: 600 },
}

/** By the name that `--profile` takes. */
export const PROFILES: Readonly<Record<string, Profile>> = { short, default: standard, long }
