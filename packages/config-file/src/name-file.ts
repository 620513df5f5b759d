import { closeSync, linkSync, openSync, renameSync, rmSync } from "node:fs"
import { codeOf } from "./error-code.ts"

/** What exFAT, object-store mounts and some network shares answer, because they have no hard links. */
const NO_HARD_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]

/**
 * Gives a finished file its name. Never replaces a file that has the name already.
 * @returns `false` when there is one; the finished file is then left as it is.
 */
export function nameFile(from: string, to: string): boolean {
  try {
    // Unlike a rename, a link never replaces a file that was created in the meantime.
    linkSync(from, to)
  } catch (error) {
    const code = codeOf(error)
    if (code === "EEXIST") return false
    if (!NO_HARD_LINKS.includes(code)) throw error
    return claimName(from, to)
  }
  rmSync(from)
  return true
}

/**
 * Creates an empty file of the name, which only one process can, and replaces it. A crash in between leaves the empty
 * file.
 */
function claimName(from: string, to: string): boolean {
  try {
    closeSync(openSync(to, "wx", 0o600))
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    throw error
  }
  try {
    renameSync(from, to)
  } catch (error) {
    rmSync(to, { force: true })
    throw error
  }
  return true
}
