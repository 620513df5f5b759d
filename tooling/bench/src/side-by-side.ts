import type { Profile, Reach, Row } from "./figure.ts"
import type { Load, LoadJob, LoadKind } from "./load/job.ts"
import { LoadClient } from "./load/load-client.ts"
import { medianOf, sampleOf } from "./statistics.ts"

/** A server under load. */
export interface Server {
  readonly url: string
  readonly pid: number
}

/** What both servers are asked to do. */
export type SharedLoad = Pick<LoadJob, "inFlight" | "seconds"> & Pick<Partial<LoadJob>, "rate" | "polls">

/** The same kind of load for the server that is measured and for its floor. */
export interface Contest {
  readonly measured: Server
  readonly floor: Server
  readonly load: SharedLoad
  /** Made anew for each run, where a run uses up what it is given. */
  readonly kind: () => LoadKind
  /** Default: the same. */
  readonly floorKind?: () => LoadKind
}

/** The runs of both, by turns, so that what else the machine does falls on both. */
export interface Outcome {
  readonly measured: readonly Load[]
  readonly floor: readonly Load[]
}

/** Loads a server and its floor by turns, after some runs that do not count. */
export async function sideBySide(contest: Contest, { runs, warmUps }: Profile): Promise<Outcome> {
  await using client = new LoadClient()
  const { measured, floor, load, kind, floorKind = kind } = contest
  const loadServer = ({ url, pid }: Server, kind: LoadKind) => client.run({ url, pid, ...load, ...kind })
  const outcome: { measured: Load[]; floor: Load[] } = { measured: [], floor: [] }
  for (let run = -warmUps; run < runs; run++) {
    const beside = await loadServer(floor, floorKind())
    const subject = await loadServer(measured, kind())
    if (run < 0) continue
    outcome.floor.push(beside)
    outcome.measured.push(subject)
  }
  return outcome
}

/** The row of an outcome by its operations a second. */
export function rateRow(what: string, outcome: Outcome, ...reach: Reach[]): Row {
  return row({ what, unit: "a second", of: (load) => load.rate }, outcome, reach)
}

/** The row of an outcome by the time that an operation takes. */
export function latencyRow(what: string, outcome: Outcome, ...reach: Reach[]): Row {
  return row({ what, unit: "ms", of: (load) => load.latency.p50 }, outcome, reach)
}

interface Quantity {
  readonly what: string
  readonly unit: string
  readonly of: (load: Load) => number
}

function row({ what, unit, of }: Quantity, { measured, floor }: Outcome, reach: readonly Reach[]): Row {
  const cpu = (loads: readonly Load[]): number => medianOf(loads.map((load) => load.serverCpu))
  const client = measured.flatMap(({ clientCpu }) => clientCpu ?? [])
  return {
    what,
    unit,
    measured: sampleOf(measured.map(of)),
    floor: sampleOf(floor.map(of)),
    ratio: medianOf(measured.map((load, run) => of(load) / of(floor[run] ?? load))),
    reach,
    cpu: { measured: cpu(measured), floor: cpu(floor) },
    ...(client.length > 0 && { clientCpu: medianOf(client) }),
  }
}
