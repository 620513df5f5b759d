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

/** Runs steps in order, one line each. The first one that fails shows its output and ends the run. Returns the exit code. */
export async function runSteps(steps: readonly Step[]): Promise<number> {
  for (const step of steps) {
    const started = performance.now()
    const { code, output } = await runStep(step)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    if (code !== 0) {
      process.stdout.write(`${output}\n✗ ${step.name} (${seconds} s, exit ${code}): ${step.command.join(" ")}\n`)
      return 1
    }
    const lastLine = step.showLastLine === true ? `: ${output.trimEnd().split("\n").at(-1)}` : ""
    if (step.show !== true) process.stdout.write(`✓ ${step.name}${lastLine} (${seconds} s)\n`)
  }
  return 0
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
