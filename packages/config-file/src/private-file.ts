import { randomBytes } from "node:crypto"
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { basename, dirname, join } from "node:path"

/** Why {@link readPrivateFile} refused a file, in words that follow the file's name. */
export class PrivateFileError extends Error {
  override readonly name = "PrivateFileError"
  readonly code: "exposed" | "unreadable"

  constructor(code: PrivateFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/**
 * Reads a file that only its owner may read. It is opened once and judged by that descriptor, so nobody can swap it between
 * the check and the read.
 * @returns `undefined` when there is no such file.
 * @throws {@link PrivateFileError}
 */
export function readPrivateFile(
  path: string,
  { maxBytes, refuseSymlink = false }: { readonly maxBytes: number; readonly refuseSymlink?: boolean },
): Buffer | undefined {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (refuseSymlink ? constants.O_NOFOLLOW : 0)
  let descriptor: number
  try {
    descriptor = openSync(path, flags)
  } catch (error) {
    const code = codeOf(error)
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    if (code === "ELOOP" && refuseSymlink)
      throw new PrivateFileError("unreadable", "is a symbolic link: give the file itself", { cause: error })
    const remedy = code === "EACCES" ? ": it and its folder have to belong to the user who runs this" : ""
    throw new PrivateFileError("unreadable", `cannot be opened (${code})${remedy}`, { cause: error })
  }
  try {
    const file = fstatSync(descriptor)
    if (!file.isFile()) refuse("unreadable", "is not a regular file")
    // Who may write it may put a secret of their own there.
    if ((file.mode & 0o066) !== 0)
      refuse(
        "exposed",
        `is open to group or others (mode 0${(file.mode & 0o777).toString(8)}): make it yours alone with chmod 600`,
      )
    if (file.size > maxBytes) refuse("unreadable", `is larger than ${maxBytes} bytes`)
    return readFileSync(descriptor)
  } catch (error) {
    if (error instanceof PrivateFileError) throw error
    throw new PrivateFileError("unreadable", `cannot be read (${codeOf(error)})`, { cause: error })
  } finally {
    closeSync(descriptor)
  }
}

function refuse(code: PrivateFileError["code"], message: string): never {
  throw new PrivateFileError(code, message)
}

/** How {@link writeWhole} writes. */
export interface WriteOptions {
  /** The file's mode, whatever the umask says. */
  readonly mode: number
  /** Whether a file of that name may be replaced, and a symbolic link with it. */
  readonly replace: boolean
}

/**
 * Writes a file whole or not at all: its content is on disk before the name leads to it, and the name before this returns.
 * @returns `false` when there is such a file already, and it may not be replaced.
 */
export function writeWhole(path: string, content: string, { mode, replace }: WriteOptions): boolean {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`)
  try {
    const descriptor = openSync(temporary, "wx", mode)
    try {
      fchmodSync(descriptor, mode)
      writeFileSync(descriptor, content)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    if (!put(temporary, path, replace)) return false
  } finally {
    rmSync(temporary, { force: true })
  }
  const descriptor = openSync(folder, "r")
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  return true
}

function put(from: string, to: string, replace: boolean): boolean {
  if (replace) renameSync(from, to)
  else {
    try {
      // A link, unlike a rename, never replaces a file that came to be meanwhile.
      linkSync(from, to)
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false
      throw error
    }
  }
  return true
}

/** The code of a file system's error, such as `EACCES`. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error"
