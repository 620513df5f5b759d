import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { BrokerProcess } from "@agentwrit/e2e/broker-process"
import { call } from "@agentwrit/e2e/client"

/** How a broker's process fares (Linux, by /proc, and the broker's own metrics). */
export interface Figures {
  /** MiB that are resident. */
  readonly memory: number
  /** Open descriptors, connections included. */
  readonly handles: number
  /** MiB of WAL. */
  readonly wal: number
  /** Milliseconds of the event loop's delay, the 99th percentile since the start. */
  readonly delay: number
}

export async function figuresOf({ child, url }: BrokerProcess, folder: string): Promise<Figures> {
  const { text } = await call(url, "GET /v1/metrics")
  const delay = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1000
  return {
    memory: memoryOf(child.pid ?? 0),
    handles: readdirSync(`/proc/${child.pid}/fd`).length,
    wal: (statSync(join(folder, "data.db-wal"), { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20,
    delay,
  }
}

/** MiB that are resident. */
export const memoryOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024
