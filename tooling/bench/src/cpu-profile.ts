import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Bench } from "./figure.ts"

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

/** The share of a process's work that each function took: by itself, and with all that it called. */
interface Shares {
  readonly own: ReadonlyMap<string, number>
  readonly whole: ReadonlyMap<string, number>
}

/** What a process does when it does nothing for us. */
const IDLE: readonly string[] = ["(idle)", "(program)"]

/** Functions that a table shows. */
const SHOWN = 40

/** Flags with which a process writes its profile into a folder when it ends. */
export function profilingFlags(folder: string | undefined): string[] {
  return folder === undefined ? [] : ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${folder}`]
}

/**
 * The functions of the newest profile that took the most of the answering thread, by themselves and with all that they called, beside
 * their share of the floor's.
 */
export function profileSummary({ measured, floor }: NonNullable<Bench["cpuProfiles"]>): string {
  const shares = newestShares(measured)
  if (shares === undefined) return "no profile was written\n"
  const beside = newestShares(floor)
  const table = (column: keyof Shares): string =>
    [...shares[column]]
      .sort(([, a], [, b]) => b - a)
      .slice(0, SHOWN)
      .map(([name, share]) => `${percent(share)} ${percent(beside && (beside[column].get(name) ?? 0))}  ${name}\n`)
      .join("")
  const heading = `${"broker".padStart(6)} ${"floor".padStart(6)}`
  return `${heading}  by itself\n${table("own")}\n${heading}  with all that it calls\n${table("whole")}`
}

const percent = (share: number | undefined): string =>
  (share === undefined ? "–" : `${(share * 100).toFixed(1)} %`).padStart(6)

function newestShares(folder: string): Shares | undefined {
  const newest = (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort()
    .at(-1)
  if (newest === undefined) return undefined
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, newest), "utf8")) as CpuProfile
  const selfTimes = new Map<number, number>()
  samples.forEach((id, i) => {
    selfTimes.set(id, (selfTimes.get(id) ?? 0) + (timeDeltas[i] ?? 0))
  })
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const own = new Map<string, number>()
  const whole = new Map<string, number>()
  const add = (sums: Map<string, number>, name: string, time: number) => sums.set(name, (sums.get(name) ?? 0) + time)
  const walk = (id: number, above: readonly string[]): number => {
    const node = byId.get(id)
    if (node === undefined) return 0
    const name = nameOf(node)
    let time = selfTimes.get(id) ?? 0
    if (IDLE.includes(node.callFrame.functionName)) return 0
    add(own, name, time)
    const path = above.includes(name) ? above : [...above, name]
    for (const child of node.children ?? []) time += walk(child, path)
    // A function that calls itself counts once.
    if (path !== above) add(whole, name, time)
    return time
  }
  const total = walk(nodes[0]?.id ?? 0, [])
  const shareOf = (sums: ReadonlyMap<string, number>) => new Map([...sums].map(([name, time]) => [name, time / total]))
  return { own: shareOf(own), whole: shareOf(whole) }
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file =
    url
      .split("/node_modules/")
      .at(-1)
      ?.replace(/^.*\/(packages|apps)\//, "$1/") ?? ""
  return `${functionName || "(anonymous)"} ${file}${file === "" ? "" : `:${lineNumber + 1}`}`
}
