import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"

/** Why a run that needs these programs cannot run here; `undefined` when it can. */
export function missing(...programs: readonly string[]): string | undefined {
  const absent = programs.filter((program) => !succeeds("sh", "-c", `command -v ${program}`))
  return absent.length === 0 ? undefined : `needs ${absent.join(", ")}, which is not installed`
}

/** Why a run that needs root cannot run here; `undefined` when it can. */
export const notRoot = (): string | undefined => (process.getuid?.() === 0 ? undefined : "needs root")

/** Why no process can be traced here; `undefined` when one can. */
export const untraceable = (): string | undefined =>
  missing("strace") ??
  (succeeds("strace", "-f", "-o", "/dev/null", "true") ? undefined : "needs permission to trace a process")

/** The path of a library to preload; `undefined` when it is not installed. */
export function findLibrary(name: string): string | undefined {
  const folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

function succeeds(program: string, ...words: string[]): boolean {
  try {
    execFileSync(program, words, { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}
