import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

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

/** What a process does when it does nothing for us. */
const IDLE: readonly string[] = ["(idle)", "(program)"]

/** Functions that the table shows. */
const SHOWN = 40

/** The functions that took the most CPU in the newest profile of a folder: by themselves, and with all that they called. */
export function profileSummary(folder: string): string {
  const newest = (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort()
    .at(-1)
  if (newest === undefined) return "no profile was written\n"
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
  const ranked = [...own].sort(([, a], [, b]) => b - a).slice(0, SHOWN)
  const line = ([name, time]: [string, number]): string =>
    `${percent(time / total)} ${percent((whole.get(name) ?? 0) / total)}  ${name}\n`
  const inclusive = [...whole].sort(([, a], [, b]) => b - a).slice(0, SHOWN)
  return `  self  whole  of ${(total / 1e6).toFixed(1)} s\n${ranked.map(line).join("")}\nby whole\n${inclusive.map(line).join("")}`
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file =
    url
      .split("/node_modules/")
      .at(-1)
      ?.replace(/^.*\/(packages|apps)\//, "$1/") ?? ""
  return `${functionName || "(anonymous)"} ${file}${file === "" ? "" : `:${lineNumber + 1}`}`
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(6)
