import { spawn } from "node:child_process"

/** One check: a command that exits 0 when all is well. */
export interface Step {
  readonly name: string
  readonly command: readonly [program: string, ...words: string[]]
  /** Streams the output. Default: it is shown only when the step fails. */
  readonly show?: boolean
  /** Shows the last line of the output beside the name of the step. */
  readonly showLastLine?: boolean
}

/**
 * Runs steps, several at once, and returns the exit code. Each gets a line when it ends. After one that fails, which
 * shows its output, no further step starts.
 */
export async function runSteps(steps: readonly Step[], atOnce = 1): Promise<number> {
  const waiting = [...steps]
  let exitCode = 0
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      if (await succeeds(step)) continue
      exitCode = 1
      waiting.length = 0
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return exitCode
}

async function succeeds(step: Step): Promise<boolean> {
  const started = performance.now()
  const { code, output } = await runStep(step)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (code !== 0) {
    process.stdout.write(`${output}\n✗ ${step.name} (${seconds} s, exit ${code}): ${step.command.join(" ")}\n`)
    return false
  }
  const last = step.showLastLine === true ? (output.trimEnd().split("\n").at(-1) ?? "") : ""
  const lastLine = last === "" ? "" : `: ${last}`
  if (step.show !== true) process.stdout.write(`✓ ${step.name}${lastLine} (${seconds} s)\n`)
  return true
}

function runStep({ command: [program, ...words], show }: Step): Promise<{ code: number; output: string }> {
  // The output is a pipe, so the programs cannot see the terminal. Set only one: some treat any FORCE_COLOR as true.
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }
  const env = { TURBO_TELEMETRY_DISABLED: "1", ...colour, ...process.env }
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env, stdio: show ? "inherit" : ["ignore", "pipe", "pipe"] })
    let output = ""
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text) => (output += text))
    child.once("error", reject)
    child.once("close", (code) => resolve({ code: code ?? 1, output }))
  })
}
