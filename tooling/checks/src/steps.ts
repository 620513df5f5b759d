import { spawn } from "node:child_process"

/** One check: a command that exits 0 when all is well. */
export interface Step {
  readonly name: string
  readonly command: readonly [program: string, ...words: string[]]
  /** Shows the output as it comes, not only when the step fails. */
  readonly show?: boolean
  /** Shows its last line beside its name: what it measured. */
  readonly tell?: boolean
}

/** Runs steps in order and answers the exit code: each gets a line, and one that fails shows what it said and ends the run. */
export async function runSteps(steps: readonly Step[]): Promise<number> {
  for (const step of steps) {
    const started = performance.now()
    const { code, output } = await runStep(step)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    if (code !== 0) {
      process.stdout.write(`${output}\n✗ ${step.name} (${seconds} s, exit ${code}): ${step.command.join(" ")}\n`)
      return 1
    }
    const told = step.tell === true ? `: ${output.trimEnd().split("\n").at(-1)}` : ""
    if (step.show !== true) process.stdout.write(`✓ ${step.name}${told} (${seconds} s)\n`)
  }
  return 0
}

function runStep({ command: [program, ...words], show }: Step): Promise<{ code: number; output: string }> {
  // Programs that write to a pipe would leave colours out on a terminal, and some take any FORCE_COLOR for a yes.
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
