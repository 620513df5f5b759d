import { readFileSync } from "node:fs"

/** Clock ticks a second in `/proc`: 100 on every Linux that Node runs on. */
const TICKS = 100

/** Seconds of CPU that a process has used, all its threads together. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  // The name in brackets may hold anything; what follows it are numbers, utime and stime the 12th and 13th of them.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Resident memory of a process, in MiB. */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  return Number(kilobytes) / 1024
}
