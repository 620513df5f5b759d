import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const script = (name: string) => fileURLToPath(new URL(`../../quickstart/src/${name}.ts`, import.meta.url))

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "agentwrit-quickstart-"))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Runs a script to its end; sends Ctrl-C once its output contains `until`. */
async function run(name: string, words: string[], environment: Record<string, string>, until?: string) {
  const child = spawn(process.execPath, ["--conditions=@agentwrit/source", script(name), ...words], {
    env: { ...process.env, ...environment },
  })
  let output = ""
  let interrupted = false
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text
      if (interrupted || until === undefined || !output.includes(until)) return
      interrupted = true
      child.kill("SIGINT")
    })
  const [code] = await once(child, "close")
  return { code, output }
}

const STEPS = [
  ...["sign in", "launch token", "challenge", "registration", "token"],
  ...["validated", "renewed", "released", "refused", "audit"],
]
const stepsIn = (output: string) => [...output.matchAll(/^ {2}✓ (.{13}) /gm)].map(([, step = ""]) => step.trim())

test("demo performs the main job, exits with 0 and leaves no files", async () => {
  await using temporary = await temporaryFolder()
  const { code, output } = await run("demo", [], { TMPDIR: temporary.path })
  expect([code, stepsIn(output)]).toEqual([0, STEPS])
  expect(output).not.toContain("\u001b")
  expect(await readdir(temporary.path)).toEqual([])
})

test("demo exits with 1 and names the failure", async () => {
  const { code, output } = await run("demo", [], { AA_TRUST_DOMAIN: "Not A Domain" })
  expect([code, output]).toEqual([1, expect.stringContaining("AA_TRUST_DOMAIN")])
})

test("start creates a configuration, performs the main job, serves until Ctrl-C and exits with 0; a second start keeps its data", async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, "development")
  const first = await run("start", [path], { AA_PORT: "0" }, "start from scratch")
  expect([first.code, stepsIn(first.output)]).toEqual([0, STEPS])
  expect(first.output).toContain("Made the development configuration")
  expect(first.output).toContain("10 events")
  expect((await stat(path)).mode & 0o077).toBe(0)
  expect((await stat(join(path, "config"))).mode & 0o077).toBe(0)
  const config = await readFile(join(path, "config"), "utf8")
  expect(first.output).not.toContain(/ADMIN_SECRET=(\S+)/.exec(config)?.[1])

  const second = await run("start", [path], { AA_PORT: "0" }, "start from scratch")
  expect([second.code, stepsIn(second.output)]).toEqual([0, STEPS])
  expect(second.output).toContain("Using the development configuration")
  expect(second.output).toContain("20 events")
  expect(await readFile(join(path, "config"), "utf8")).toBe(config)
})

test("start reports a port that is taken, and names AA_PORT", async () => {
  await using folder = await temporaryFolder()
  const taken = createServer().listen(0, "127.0.0.1")
  await once(taken, "listening")
  const address = taken.address()
  const port = typeof address === "object" ? String(address?.port) : ""
  const { code, output } = await run("start", [folder.path], { AA_PORT: port })
  taken.close()
  expect([code, output]).toEqual([1, expect.stringMatching(/port \d+ is taken.*AA_PORT/)])
})
