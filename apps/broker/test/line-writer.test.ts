import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { LineWriter } from "../src/log/line-writer.ts"
import { capture } from "./captured-log.ts"

const tick = () => new Promise((resolve) => setImmediate(resolve))

test("lines are written once a tick, not while they are logged", async () => {
  const { log, stdout, stderr } = capture()
  for (const count of [1, 2, 3]) log.ok("main", "message", { count })
  log.fail("main", "failure")
  for (let i = 0; i < 100; i++) await Promise.resolve()
  expect(stdout).toEqual([])
  await tick()
  expect(stdout).toHaveLength(1)
  expect(stdout[0]?.match(/count=\d/g)).toEqual(["count=1", "count=2", "count=3"])
  expect(stderr).toHaveLength(1)
})

test("a flush writes at once, and the next tick repeats nothing", async () => {
  const { log, stdout } = capture()
  log.ok("main", "message")
  await log.flush()
  expect(stdout).toHaveLength(1)
  await tick()
  expect(stdout).toHaveLength(1)
})

test("lines beyond the backlog are dropped and counted", async () => {
  const written: string[] = []
  const stream = {
    writableLength: 0,
    write(text: string, done?: () => void) {
      written.push(text)
      done?.()
    },
  }
  const writer = new LineWriter(stream, (count) => `${count} dropped`)
  stream.writableLength = 5 * 1024 * 1024
  for (const line of ["a", "b", "c"]) writer.add(line)
  stream.writableLength = 0
  writer.add("d")
  await writer.flush()
  expect(written.join("")).toBe("3 dropped\nd\n")
})

test("after dropped lines, logging continues once a tick", async () => {
  const written: string[] = []
  const stream = { writableLength: 5 * 1024 * 1024, write: (text: string) => written.push(text) }
  const writer = new LineWriter(stream, (count) => `${count} dropped`)
  writer.add("a")
  stream.writableLength = 0
  for (const line of ["b", "c"]) {
    writer.add(line)
    await tick()
  }
  expect(written).toEqual(["1 dropped\nb\n", "c\n"])
})

/** Runs code in its own process, with a `log` on real stdout and stderr. */
function run(body: string) {
  const source = fileURLToPath(new URL("../src/log/log.ts", import.meta.url))
  const code = `
    import { createLog } from ${JSON.stringify(source)}
    const { stdout, stderr } = process
    for (const stream of [stdout, stderr]) stream.on("error", () => undefined)
    const log = createLog({ level: "trace", format: "text", redact: (text) => text, stdout, stderr })
    ${body}`
  const stdio = ["pipe", "pipe", "pipe"] as const
  return spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", code], { stdio: [...stdio] })
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString()
}

test("no line is lost or torn when the process exits after a flush, though the pipe is full", async () => {
  const child = run(`
    for (let count = 0; count < 2000; count++) log.ok("main", "message", { count, filling: "x".repeat(500) })
    log.fail("main", "last")
    await log.flush()
    process.exit(3)`)
  const [stdout, stderr, [code]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, "close")])
  expect(code).toBe(3)
  const lines = stdout.trimEnd().split("\n")
  expect(lines).toHaveLength(2000)
  for (const [count, line] of lines.entries())
    expect(line.endsWith(`count=${count}, filling=${"x".repeat(500)}`)).toBe(true)
  expect(stderr).toMatch(/^\[AA:BROKER:FAIL\] \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \| main \| last\n$/)
})

test("a reader that closes the pipe does not end the process", async () => {
  const child = run(`
    log.ok("main", "ready")
    await new Promise((resolve) => process.stdin.once("data", resolve))
    for (let i = 0; i < 20; i++) {
      log.ok("main", "message", { i })
      await new Promise(setImmediate)
    }
    log.fail("main", "still here")
    await log.flush()
    process.exit(0)`)
  await once(child.stdout, "readable")
  child.stdout.destroy()
  child.stdin.write("go on\n")
  const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")])
  expect(stderr).toContain("still here")
  expect(code).toBe(0)
})

test("a reader that does not read delays nothing, and a flush gives up on it", async () => {
  const child = run(`
    for (let count = 0; count < 50; count++) {
      log.ok("main", "message", { count, filling: "x".repeat(8000) })
      await new Promise(setImmediate)
    }
    log.fail("main", "goes on")
    await log.flush()
    log.fail("main", "flushed")
    await log.flush()
    process.exit(0)`)
  const stderr = await textOf(child.stderr)
  expect(stderr).toContain("goes on")
  expect(stderr).toContain("flushed")
  child.stdout.destroy()
})
