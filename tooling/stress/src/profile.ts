/** How much each scenario does. */
export interface Profile {
  readonly name: string
  /** Minutes after which no new run begins. */
  readonly minutes: number
  readonly crashes: { readonly runs: number; readonly cycles: number }
  /** The broker dies at every nth write of the database. */
  readonly everyWrite: { readonly stride: number }
  readonly power: { readonly runs: number; readonly controls: number }
  /** Whether every storage fault is tried, or only the brief ones. */
  readonly storage: { readonly all: boolean }
  /** Tokens with a random change. */
  readonly tokens: { readonly mutations: number }
  /** A random history, until the steps are done or the time is up. */
  readonly model: { readonly steps: number; readonly seconds: number }
  readonly protocol: { readonly requests: number }
  readonly sockets: { readonly idle: number }
  readonly floods: { readonly challenges: number; readonly badTokens: number; readonly streams: number }
  readonly keyRotation: { readonly seconds: number }
  readonly soak: { readonly seconds: number }
}

/** At most six minutes on two cores. */
const short: Profile = {
  name: "short",
  minutes: 5,
  crashes: { runs: 2, cycles: 4 },
  everyWrite: { stride: 80 },
  power: { runs: 1, controls: 3 },
  storage: { all: false },
  tokens: { mutations: 200 },
  model: { steps: 10_000, seconds: 18 },
  protocol: { requests: 3000 },
  sockets: { idle: 500 },
  floods: { challenges: 20_000, badTokens: 15_000, streams: 1100 },
  keyRotation: { seconds: 15 },
  soak: { seconds: 10 },
}

/** About an hour on two cores. */
const long: Profile = {
  name: "long",
  minutes: 90,
  crashes: { runs: 20, cycles: 11 },
  everyWrite: { stride: 1 },
  power: { runs: 20, controls: 3 },
  storage: { all: true },
  tokens: { mutations: 10_000 },
  model: { steps: 10_000, seconds: 900 },
  protocol: { requests: 100_000 },
  sockets: { idle: 1000 },
  floods: { challenges: 1_000_000, badTokens: 1_000_000, streams: 3000 },
  keyRotation: { seconds: 60 },
  soak: { seconds: 600 },
}

/** The profiles, by the name that `--profile` takes. */
export const PROFILES: Readonly<Record<string, Profile>> = { short, long }
