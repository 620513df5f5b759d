import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { EXPLAINED } from "./explained.ts"
import { mutantsOf } from "./mutants.ts"
import { TARGETS } from "./targets.ts"

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url))

/** Milliseconds after which a mutant that was tried twice counts as seen, because it does not come to an end. */
const PATIENCE = 90_000

const { positionals } = parseArgs({ allowPositionals: true })
const files = TARGETS.map(({ root, file }) => `${root}/${file}`)
const due = files.filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))
if (due.length === 0) {
  process.stderr.write(`usage: mutate [part of a file's name …]\n${files.map((file) => `  ${file}\n`).join("")}`)
  process.exit(2)
}

let survivors = 0
for (const file of due) {
  const source = readFileSync(file, "utf8")
  const lines = source.split("\n")
  const explained = new Set(EXPLAINED.filter((one) => one.file === file))
  const needless = new Set(explained)
  const mutants = mutantsOf(source)
  let seen = 0
  let stuck = -1
  for (let next = 0; next < mutants.length; ) {
    await work(file, next, (index, isSeen) => {
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
async function work(file: string, from: number, told: (index: number, isSeen: boolean) => void): Promise<void> {
  const worker = spawn(process.execPath, [WORKER, file, String(from)], { stdio: ["ignore", "pipe", "inherit"] })
  let isReady = false
  const end = () => worker.kill("SIGKILL")
  let timer = setTimeout(end, PATIENCE)
  for await (const line of createInterface({ input: worker.stdout })) {
    clearTimeout(timer)
    timer = setTimeout(end, PATIENCE)
    if (!line.startsWith("{")) continue
    const { index, seen, ready } = JSON.parse(line)
    isReady ||= ready === true
    if (index !== undefined) told(index, seen)
  }
  clearTimeout(timer)
  if (!isReady) throw new Error(`${file}: its tests cannot be run`)
}
