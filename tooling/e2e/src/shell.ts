import { execFile, execFileSync } from "node:child_process"

/** Whether one of the programs is missing. Prints which, so that a skipped test has a reason. */
export function missingPrograms(what: string, ...programs: string[]): boolean {
  const missing = programs.filter((program) => {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" })
      return false
    } catch {
      return true
    }
  })
  if (missing.length > 0) console.log(`not run: ${what}, because ${missing.join(", ")} is not installed`)
  return missing.length > 0
}

/** Only ends what hangs; below the test's own limit, so that no process is left. */
const HANG_TIMEOUT_MS = 240_000

/** How a shell script ended. */
export interface ShellEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs lines in bash as an operator would type them. */
export function shell(script: string, environment: Record<string, string> = {}): Promise<ShellEnd> {
  const { PATH = "" } = process.env
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["--norc", "-c", script],
      { env: { PATH, ...environment }, timeout: HANG_TIMEOUT_MS },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    )
  })
}
