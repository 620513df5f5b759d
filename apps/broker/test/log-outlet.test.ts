import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { createLog } from "../src/log.ts"
import { type LogSink, Outlet } from "../src/log-outlet.ts"
import { capture } from "./captured-log.ts"

const tick = () => new Promise((resolve) => setImmediate(resolve))

describe("writing", () => {
  it("happens once a tick, off the path of who logs", async () => {
    const { log, stdout, stderr } = capture()
    for (const count of [1, 2, 3]) log.ok("main", "message", { count })
    log.fail("main", "failure")
    // What a handler awaits comes first.
    for (let i = 0; i < 100; i++) await Promise.resolve()
    expect(stdout).toEqual([])
    await tick()
    expect(stdout).toHaveLength(1)
    expect(stdout[0]?.match(/count=\d/g)).toEqual(["count=1", "count=2", "count=3"])
    expect(stderr).toHaveLength(1)
    log.ok("main", "message")
    await tick()
    expect(stdout).toHaveLength(2)
  })

  it("happens at once when flushed, and not again", async () => {
    const { log, stdout } = capture()
    log.ok("main", "message")
    log.flush()
    expect(stdout).toHaveLength(1)
    log.flush()
    await tick()
    expect(stdout).toHaveLength(1)
  })

  const failing = (code: string) => Object.assign(new Error(code), { code })

  it.each(["EPIPE", "ERR_STREAM_DESTROYED"])("ends for good after %s", (code) => {
    let calls = 0
    const stdout: LogSink = {
      write() {
        calls++
        throw failing(code)
      },
    }
    const log = createLog({ level: "trace", format: "text", redact: (text) => text, stdout, stderr: stdout })
    for (let i = 0; i < 3; i++) {
      log.ok("main", "message")
      log.flush()
    }
    expect(calls).toBe(1)
  })

  it("holds lines back that cannot be written yet, drops what is too much, and says how much", () => {
    let isFull = true
    const written: string[] = []
    const stdout: LogSink = {
      write(text) {
        if (isFull) throw failing("EAGAIN")
        written.push(text)
      },
    }
    const log = createLog({ level: "trace", format: "text", redact: (text) => text, stdout, stderr: stdout })
    const big = "x".repeat(8000)
    for (let count = 0; count < 1000; count++) log.ok("main", "message", { count, big })
    isFull = false
    log.flush()
    const lines = written.join("").trimEnd().split("\n")
    const kept = lines.length - 1
    expect(kept).toBeGreaterThan(500)
    expect(kept).toBeLessThan(600)
    expect(lines.slice(0, kept).map((line) => line.match(/count=(\d+)/)?.[1])).toEqual(
      lines.slice(0, kept).map((_, i) => `${i}`),
    )
    expect(lines.at(-1)).toMatch(
      new RegExp(`^\\[AA:BROKER:WARN\\] .* \\| log \\| lines dropped \\| count=${1000 - kept}$`),
    )
  })
})

it("drops nothing while the reader takes as much as comes, however far behind it is", () => {
  const folder = mkdtempSync(join(tmpdir(), "agentwrit-log-"))
  const pipe = join(folder, "pipe")
  execFileSync("mkfifo", [pipe])
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const fd = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
  const dropped: number[] = []
  const outlet = new Outlet({ fd, write: () => true }, (count) => `${dropped.push(count)}`)
  const line = "x".repeat(999)
  let taken = 0
  const take = () => {
    const bytes = readSync(reader, Buffer.alloc(60_000))
    taken += bytes
    return bytes
  }
  // More than a pipe holds waits from the first on, and eight times the longest backlog goes through.
  for (let i = 0; i < 150; i++) outlet.add(line)
  outlet.drain()
  for (let turn = 0; turn < 600; turn++) {
    for (let i = 0; i < 60; i++) outlet.add(line)
    outlet.drain()
    take()
  }
  while (taken < 36_150_000) {
    outlet.drain()
    if (take() === 0) break
  }
  expect([taken, dropped]).toEqual([36_150_000, []])
  for (const open of [fd, reader]) closeSync(open)
  rmSync(folder, { recursive: true })
})

/** Runs code in a process of its own, with a `log` on its real stdout and stderr. */
function run(body: string) {
  const source = fileURLToPath(new URL("../src/log.ts", import.meta.url))
  const code = `
    import { createLog } from ${JSON.stringify(source)}
    const { stdout, stderr } = process
    const log = createLog({ level: "trace", format: "text", redact: (text) => text, stdout, stderr })
    const tick = () => new Promise((resolve) => setTimeout(resolve, 30))
    ${body}`
  return spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", code], {
    stdio: ["ignore", "pipe", "pipe"],
  })
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe("a process of its own", () => {
  it("loses no line when it exits right after a flush, though the pipe takes less at once", async () => {
    const child = run(`
      for (let count = 0; count < 2000; count++) log.ok("main", "message", { count, filling: "x".repeat(500) })
      log.fail("main", "last")
      log.flush()
      process.exit(3)`)
    const [stdout, stderr, [code]] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      once(child, "close"),
    ])
    expect(code).toBe(3)
    expect(stdout.trimEnd().split("\n")).toHaveLength(2000)
    expect(stdout).toMatch(/count=1999, filling=x{500}\n$/)
    expect(stderr).toMatch(/^\[AA:BROKER:FAIL\] \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \| main \| last\n$/)
  })

  it("writes what waits when it ends by itself", async () => {
    const child = run('log.ok("main", "message")')
    expect(await textOf(child.stdout)).toContain("| main | message\n")
  })

  it("outlives a reader that goes away", async () => {
    const child = run(`
      log.ok("main", "ready")
      process.stdin.resume()
      for (let i = 0; i < 20; i++) { await tick(); log.ok("main", "message", { i }) }
      log.flush()
      log.fail("main", "still here")`)
    await once(child.stdout, "readable")
    child.stdout.destroy()
    const [stderr, [code]] = await Promise.all([textOf(child.stderr), once(child, "close")])
    expect(stderr).toContain("still here")
    expect(code).toBe(0)
  })

  it("is held up by no reader that does not read, and by a flush for about a second", async () => {
    const child = run(`
      for (let count = 0; count < 50; count++) {
        log.ok("main", "message", { count, filling: "x".repeat(8000) })
        await new Promise(setImmediate)
      }
      log.fail("main", "goes on")
      const start = Date.now()
      log.flush()
      log.fail("main", "flushed", { ms: Date.now() - start })
      log.flush()
      process.exit(0)`)
    const stderr = await textOf(child.stderr)
    expect(stderr).toContain("goes on")
    const waited = Number(stderr.match(/ms=(\d+)/)?.[1])
    expect(waited).toBeGreaterThanOrEqual(900)
    expect(waited).toBeLessThan(5000)
    child.stdout.destroy()
  })
})
