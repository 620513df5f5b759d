import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { EXPLAINED } from "./explained.ts"
import { isWithin, mutantsOf } from "./mutants.ts"
import { TARGETS } from "./targets.ts"

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url))

/** A mutant that was tried twice counts as seen when it takes so many times as long as no mutant, because it does not come to an end. */
const PATIENCE = 5

/** Milliseconds that each has, however quick the tests are: the machine may have other work. */
const LEAST_PATIENCE = 20_000

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

const { positionals, values } = parseArgs({ allowPositionals: true, options: { lines: { type: "string" } } })
const { lines: range = "" } = values
const files = TARGETS.map(({ file }) => file)
const due = files.filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))
if (due.length === 0) {
  process.stderr.write(
    `usage: mutate [part of a file's name …] [--lines FROM-TO]\n${files.map((file) => `  ${file}\n`).join("")}`,
  )
  process.exit(2)
}

let survivors = 0
for (const file of due) {
  const source = readFileSync(file, "utf8")
  const lines = source.split("\n")
  const explained = new Set(EXPLAINED.filter((one) => one.file === file))
  const elsewhere = lines.filter((_, i) => !isWithin(range, i + 1))
  const needless = new Set([...explained].filter(({ line }) => !elsewhere.some((text) => text.includes(line))))
  const mutants = mutantsOf(source, range)
  const patience = { ms: 10 * LEAST_PATIENCE }
  let seen = 0
  let stuck = -1
  for (let next = 0; next < mutants.length; ) {
    await work(file, next, patience, (index, isSeen) => {
      next = index + 1
      const mutant = mutants[index]
      if (isSeen) seen++
      if (isSeen || mutant === undefined) return
      const text = lines[mutant.line - 1] ?? ""
      const known = [...explained].find(({ line, to }) => text.includes(line) && to === mutant.to)
      if (known !== undefined) {
        needless.delete(known)
        return
      }
      survivors++
      const was = source.slice(mutant.start, mutant.end).replaceAll(/\s+/g, " ")
      process.stdout.write(`survived: ${file}:${mutant.line}  ${was}  →  ${mutant.to}\n`)
    })
    if (next < mutants.length && stuck !== next) stuck = next
    else if (next < mutants.length) {
      seen++
      next++
      process.stdout.write(`did not end: ${file}:${mutants[next - 1]?.line}  →  ${mutants[next - 1]?.to}\n`)
    }
  }
  for (const { line, to } of needless) {
    survivors++
    process.stdout.write(`explained, and seen or gone: ${file}  ${line}  →  ${to}\n`)
  }
  process.stdout.write(`${file}: ${seen} of ${mutants.length} seen\n`)
}
process.stdout.write(`${survivors} survived without an explanation (src/explained.ts)\n`)
process.exitCode = survivors === 0 ? 0 : 1

/** Lets a worker tell of each mutant from one on, until it is through or one takes too long. */
async function work(
  file: string,
  from: number,
  patience: { ms: number },
  told: (index: number, isSeen: boolean) => void,
): Promise<void> {
  const worker = spawn(process.execPath, [WORKER, file, String(from), range], {
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own: the process of the tests, which may be in a loop without end, must go with it.
    detached: true,
  })
  let isReady = false
  const end = () => {
    if (worker.pid !== undefined && worker.exitCode === null) process.kill(-worker.pid, "SIGKILL")
  }
  const stop = (signal: NodeJS.Signals) => {
    end()
    process.off(signal, stop)
    process.kill(process.pid, signal)
  }
  for (const signal of SIGNALS) process.on(signal, stop)
  let timer = setTimeout(end, patience.ms)
  for await (const line of createInterface({ input: worker.stdout })) {
    if (!line.startsWith("{")) continue
    const { index, seen, ready, took } = JSON.parse(line)
    isReady ||= ready === true
    if (took !== undefined) patience.ms = Math.max(LEAST_PATIENCE, PATIENCE * took)
    clearTimeout(timer)
    timer = setTimeout(end, patience.ms)
    if (index !== undefined) told(index, seen)
  }
  clearTimeout(timer)
  for (const signal of SIGNALS) process.off(signal, stop)
  if (!isReady) throw new Error(`${file}: its tests cannot be run`)
}
