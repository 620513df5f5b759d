import type { Profile, Reach, Row } from "./figure.ts"
import type { Load, LoadJob, LoadKind } from "./load/job.ts"
import { LoadClient } from "./load/load-client.ts"
import { medianOf, sampleOf } from "./statistics.ts"

/** A server under load. */
export interface Server {
  readonly url: string
  readonly pid: number
}

/** The load of both servers. */
export type SharedLoad = Pick<LoadJob, "inFlight" | "seconds"> & Pick<Partial<LoadJob>, "rate" | "polls">

/** A server and its floor under the same load. */
export interface Contest {
  readonly measured: Server
  readonly floor: Server
  readonly load: SharedLoad
  /** Makes the load of one run. */
  readonly kind: () => LoadKind
}

/** The runs of both. They alternate, so that other load of the machine falls on both. */
export interface Outcome {
  readonly measured: readonly Load[]
  readonly floor: readonly Load[]
}

/** Loads the floor and the server alternately, after warm-up runs. */
export async function sideBySide(contest: Contest, { runs, warmUps }: Profile): Promise<Outcome> {
  await using client = new LoadClient()
  const { measured, floor, load, kind } = contest
  const loadServer = ({ url, pid }: Server, kind: LoadKind) => client.run({ url, pid, ...load, ...kind })
  const outcome: { measured: Load[]; floor: Load[] } = { measured: [], floor: [] }
  for (let run = -warmUps; run < runs; run++) {
    const beside = await loadServer(floor, kind())
    const subject = await loadServer(measured, kind())
    if (run < 0) continue
    outcome.floor.push(beside)
    outcome.measured.push(subject)
  }
  return outcome
}

/** A row of operations per second. */
export function rateRow(what: string, outcome: Outcome, ...reach: Reach[]): Row {
  return row({ what, unit: "a second", of: (load) => load.rate }, outcome, reach)
}

/** A row of the latency. */
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
