import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { AWRIT, awrit, operator } from "@agentwrit/testing/awrit"
import { shareBroker } from "@agentwrit/testing/shared-broker"
import { describe, expect, test } from "vitest"

let env: Record<string, string>
shareBroker((shared) => {
  env = { PATH: process.env["PATH"] ?? "", ...operator(shared.url) }
})

/** Runs a line of bash in which `$0 $1` is awrit. */
const inBash = (line: string): ChildProcess =>
  spawn("bash", ["-c", `set -o pipefail; ${line}`, process.execPath, AWRIT], { env, stdio: ["ignore", "pipe", "pipe"] })

async function ended(child: ChildProcess): Promise<{ readonly code: number; readonly stderr: string }> {
  let stderr = ""
  child.stdout?.resume()
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  const [code] = await once(child, "close")
  return { code, stderr }
}

test.each([
  [["--version"], 0],
  [["app", "list"], 0],
  [["app", "get", "app-none-0a1b2c"], 1],
  [["app", "lst"], 2],
])("awrit %j exits with %i", async (words, code) => {
  expect(await awrit(words, { env })).toMatchObject({ code })
})

test("endless stdin is read only up to the length of a token", async () => {
  const { code, stderr } = await ended(inBash(`yes | "$0" "$1" token release --token -`))
  expect([code, stderr]).toEqual([2, expect.stringContaining("awrit: stdin")])
})

test.each([["audit events"], ["app list --json"], ["--version"], ["--help"]])(
  "awrit %s to a full disk exits with 1",
  async (words) => {
    const { code, stderr } = await ended(inBash(`"$0" "$1" ${words} > /dev/full`))
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^(.*\n)?awrit: the result could not be written: [^\n]+\n$/),
    ])
  },
)

describe("a reader that closes the pipe", () => {
  test.each([["audit events"], ["audit export"], ["audit events --follow"], ["agent list --json"]])(
    "awrit %s | head -1 exits with 0",
    async (words) => {
      const child = inBash(`"$0" "$1" ${words} | head -1`)
      if (words.includes("--follow")) {
        // awrit notices the closed pipe at its next write.
        const timer = setInterval(() => void awrit(["revoke", "--level", "task", "--target", "head"], { env }), 1000)
        child.once("close", () => clearInterval(timer))
      }
      const { code, stderr } = await ended(child)
      expect([code, stderr]).toEqual([0, expect.not.stringMatching(/awrit:|Error| at /)])
    },
  )

  // The pipe is closed before the first write.
  test.each([
    ["--version"],
    ["--help"],
    ["app list"],
    ["agent list --json"],
    ["audit export"],
    ["audit events --follow"],
    ["audit verify"],
    ["completion zsh"],
  ])("awrit %s to a closed pipe exits with 0", async (line) => {
    const child = spawn(process.execPath, [AWRIT, ...line.split(" ")], { env })
    child.stdout.destroy()
    const { code, stderr } = await ended(child)
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/awrit:|Error| at /)])
  })
})
