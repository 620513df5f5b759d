import { statSync } from "node:fs"
import { dirname } from "node:path"

/**
 * The folder of a file, if other users can replace the file: the folder is writable to them and not sticky, as /tmp is.
 */
export function folderOpenToOthers(path: string): string | undefined {
  const folder = dirname(path)
  const { mode } = statSync(folder)
  return (mode & 0o022) !== 0 && (mode & 0o1000) === 0 ? folder : undefined
}
