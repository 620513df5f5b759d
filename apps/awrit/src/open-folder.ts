import { statSync } from "node:fs"
import { dirname } from "node:path"

/** The folder of a file, when others may put another file in its place; a sticky folder, as /tmp, lets them not. */
export function folderOpenToOthers(path: string): string | undefined {
  const folder = dirname(path)
  const { mode } = statSync(folder)
  return (mode & 0o022) !== 0 && (mode & 0o1000) === 0 ? folder : undefined
}
