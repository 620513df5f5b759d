import { spawn } from "node:child_process"
import { once } from "node:events"
import { AWRIT, operator } from "@agentwrit/testing/awrit"
import { call } from "@agentwrit/testing/client"
import { type SharedBroker, shareBroker } from "@agentwrit/testing/shared-broker"
import { describe, expect, test } from "vitest"
import { missingPrograms } from "../../src/shell.ts"
import { onTerminal } from "../../src/terminal.ts"

let shared: SharedBroker
let env: Record<string, string>
shareBroker((started) => {
  shared = started
  env = { PATH: process.env["PATH"] ?? "", ...operator(started.url) }
})

const status = async (task: string): Promise<string> =>
  (await call(shared.url, `GET /v1/admin/agents?task_id=${task}`, { bearer: shared.admin })).body.agents[0].status

const words = (task: string, line: string): string[] => [
  ...["run", "--scope", "read:data:7", "--task", task],
  ...["--", "sh", "-c", line],
]

test.each([
  ["SIGTERM", "trap 'echo got; exit 7' TERM", 7],
  ["SIGINT", "trap 'echo got; exit 8' INT", 8],
  ["SIGHUP", "", 129],
  ["SIGTERM", "", 143],
] as const)("%s goes to the command, whose end decides the exit code (%s)", async (signal, trap, code) => {
  const task = `${signal}-${code}`
  const line = `${trap}${trap === "" ? "" : "; "}echo ready; while :; do sleep 0.05; done`
  const child = spawn(process.execPath, [AWRIT, ...words(task, line)], { env, stdio: ["ignore", "pipe", "inherit"] })
  await once(child.stdout, "data")
  child.kill(signal)
  expect(await once(child, "close")).toEqual([code, null])
  expect(await status(task)).toBe("released")
})

describe.skipIf(missingPrograms("awrit run on a terminal", "python3"))("on a terminal", () => {
  test("Ctrl-C reaches the command once", async () => {
    // Some shells end a read when a trap has run.
    const line = "trap 'echo got-it' INT; echo rea''dy; until read answer; do :; done; echo answer-$answer; exit 9"
    const { code, text } = await onTerminal(words("ctrl-c", line), {
      env,
      typed: [
        ["ready", "\u0003"],
        ["got-it", "yes\r"],
      ],
    })
    expect(text.match(/got-it/g)).toHaveLength(1)
    expect([code, text]).toEqual([9, expect.stringContaining("answer-yes")])
    expect(await status("ctrl-c")).toBe("released")
  })
})
