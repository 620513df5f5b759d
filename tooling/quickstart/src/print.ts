import { styleText } from "node:util"

const colour = process.stdout.isTTY === true && !process.env["NO_COLOR"]

/** A finished step, in two columns. */
export function printStep(step: string, what: string): void {
  const mark = colour ? styleText("green", "✓") : "✓"
  process.stdout.write(`  ${mark} ${step.padEnd(13)} ${what}\n`)
}

/** One line. */
export function printLine(text = ""): void {
  process.stdout.write(`${text}\n`)
}

/** What went wrong. */
export function printFailure(error: unknown): void {
  process.stderr.write(`\n  ✗ ${error instanceof Error ? error.message : String(error)}\n`)
}
