import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { cpuSeconds } from "../process-cost.ts"
import { percentile } from "../statistics.ts"
import { Connection } from "./connection.ts"
import type { Load, LoadJob } from "./job.ts"
import { registrations } from "./registrations.ts"
import { renewals } from "./renewals.ts"
import { repeated } from "./repeated.ts"
import type { Operation } from "./scenario.ts"

// A process, so that the client shares no event loop with what measures it.
process.on("message", (job: LoadJob | "begin") => {
  if (job === "begin") return
  runLoad(job).then(
    (load) => process.send?.({ load }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})

/** Prepares the load, waits for "begin", puts the load on the server, and measures it. */
async function runLoad(job: LoadJob): Promise<Load> {
  const connections = await Promise.all(Array.from({ length: job.inFlight }, () => Connection.open(job.url)))
  const operationOf = await prepare(job, connections)
  const operations = connections.map(operationOf)
  process.send?.("prepared")
  await once(process, "message")

  const serverBefore = cpuSeconds(job.pid)
  const clientBefore = process.cpuUsage()
  const began = performance.now()
  const until = began + job.seconds * 1000
  using _polling = job.polls === true ? keepPolling() : undefined
  const latencies = job.rate === undefined ? await flatOut(operations, until) : await paced(operations, job.rate, until)
  const seconds = (performance.now() - began) / 1000
  const client = process.cpuUsage(clientBefore)
  const server = cpuSeconds(job.pid) - serverBefore

  for (const connection of connections) connection.close()
  const sorted = Float64Array.from(latencies).sort()
  return {
    operations: sorted.length,
    rate: sorted.length / seconds,
    latency: { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) },
    serverCpu: (server * 1e6) / sorted.length,
    ...(job.polls !== true && { clientCpu: (client.user + client.system) / 1e6 / seconds }),
  }
}

function prepare(job: LoadJob, connections: readonly Connection[]) {
  if (job.kind === "repeated") return repeated(connections, job.options)
  if (job.kind === "registrations") return registrations(connections, job.options)
  return renewals(connections, job.options)
}

/** Keeps the event loop awake until the end of the scope. */
function keepPolling(): Disposable {
  let next = setImmediate(poll)
  function poll(): void {
    next = setImmediate(poll)
  }
  return { [Symbol.dispose]: () => clearImmediate(next) }
}

/** Each connection begins its next operation when its last one is done. */
async function flatOut(operations: readonly Operation[], until: number): Promise<number[]> {
  const latencies: number[] = []
  await Promise.all(
    operations.map(async (operation) => {
      for (let began = performance.now(); began < until; ) {
        if (!(await operation())) return
        const ended = performance.now()
        latencies.push(ended - began)
        began = ended
      }
    }),
  )
  return latencies
}

/** Operations begin at a fixed rate. When every connection is busy, an operation waits, and the wait counts. */
async function paced(operations: readonly Operation[], rate: number, until: number): Promise<number[]> {
  const latencies: number[] = []
  const idle = [...operations]
  const due: number[] = []
  const running = new Set<Promise<void>>()
  const startDue = (): void => {
    while (due.length > 0 && idle.length > 0) {
      const began = due.shift() ?? 0
      const operation = idle.pop() as Operation
      const run = operation().then(() => {
        latencies.push(performance.now() - began)
        idle.push(operation)
        running.delete(run)
        startDue()
      })
      running.add(run)
    }
  }
  const began = performance.now()
  for (let started = 0, now = began; now < until; now = performance.now()) {
    for (const owed = Math.floor(((now - began) / 1000) * rate); started < owed; started++) due.push(now)
    startDue()
    await pause(1)
  }
  while (running.size > 0) await Promise.all(running)
  return latencies
}
