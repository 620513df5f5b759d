import { execFileSync } from "node:child_process"
import { statSync } from "node:fs"
import { basename, dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { AWRIT } from "@agentwrit/testing/awrit"
import { expect, test } from "vitest"

/** Lists the modules that a program loads, each on a line of stderr. */
const LIST_LOADED = `
import { writeSync } from "node:fs"
import { registerHooks } from "node:module"
registerHooks({
  load(url, context, next) {
    writeSync(2, url + "\\n")
    return next(url, context)
  },
})`

/** The most that Node reads and compiles without a noticeable delay. */
const MOST_BYTES = 8192

// The whole command line takes several times as long to load as Node takes to start.
test("--version loads Node's own modules and a few kilobytes beside the program, and no package", () => {
  const hooks = `data:text/javascript,${encodeURIComponent(LIST_LOADED)}`
  const words = ["--import", hooks, AWRIT, "--version"]
  const told = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', process.execPath, ...words], { encoding: "utf8" })
  const lines = told.trimEnd().split("\n")
  expect(lines).toContainEqual(expect.stringMatching(/^awrit \d+\.\d+\.\d+$/))
  const files = lines.filter((line) => line.startsWith("file:")).map((url) => fileURLToPath(url))
  expect(files[0]).toBe(AWRIT)
  expect(files.filter((file) => dirname(file) !== dirname(AWRIT))).toEqual([])
  const sizes = Object.fromEntries(files.map((file) => [basename(file), statSync(file).size]))
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0)
  expect(total, JSON.stringify(sizes)).toBeLessThan(MOST_BYTES)
})
