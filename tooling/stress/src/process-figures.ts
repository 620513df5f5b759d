import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { BrokerProcess } from "@agentwrit/testing/broker-process"
import { freshMetrics } from "@agentwrit/testing/fresh-metrics"

/** How a broker's process fares (Linux, by /proc, and the broker's own metrics). */
export interface Figures {
  /** MiB that are resident. */
  readonly memory: number
  /** Open descriptors, connections included. */
  readonly handles: number
  /** MiB of WAL. */
  readonly wal: number
  /** Milliseconds of the event loop's delay, the 99th percentile since the process' metrics were last rendered. */
  readonly delay: number
}

/** @throws Error when one of them cannot be read: a figure that is none would pass every bound. */
export async function figuresOf({ child, url }: BrokerProcess, folder: string): Promise<Figures> {
  return {
    memory: memoryOf(child.pid),
    handles: readdirSync(`/proc/${child.pid}/fd`).length,
    wal: statSync(join(folder, "data.db-wal")).size / 2 ** 20,
    delay: (await metricOf(url, "nodejs_eventloop_lag_p99_seconds")) * 1000,
  }
}

/** MiB that are resident. */
export function memoryOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return figure(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1], "VmRSS") / 1024
}

/** One of the broker's metrics, by the name under which it stands there without labels. */
export async function metricOf(url: string, name: string): Promise<number> {
  const text = await freshMetrics(url)
  return figure(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1], name)
}

function figure(text: string | undefined, name: string): number {
  const number = Number(text)
  if (!Number.isFinite(number)) throw new Error(`${name} is ${text}, no figure`)
  return number
}
