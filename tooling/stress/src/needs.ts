import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"

/** Why what needs these programs cannot run here; `undefined` when it can. */
export function missing(...programs: readonly string[]): string | undefined {
  const absent = programs.filter((program) => !isThere(program))
  return absent.length === 0 ? undefined : `needs ${absent.join(", ")}, which is not installed`
}

/** Why what needs root cannot run here; `undefined` when it can. */
export const notRoot = (): string | undefined => (process.getuid?.() === 0 ? undefined : "needs root")

/** Why nothing can be done to a broker at a system call here; `undefined` when it can. */
export function untraceable(): string | undefined {
  const lacking = missing("strace")
  if (lacking !== undefined) return lacking
  try {
    execFileSync("strace", ["-f", "-o", "/dev/null", "true"], { stdio: "ignore" })
    return undefined
  } catch {
    return "needs leave to trace a process"
  }
}

/** The first of these files that is there, such as a library to preload. */
export function findLibrary(name: string): string | undefined {
  const folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

function isThere(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}
