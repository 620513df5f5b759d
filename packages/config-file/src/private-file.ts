import { randomBytes } from "node:crypto"
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { codeOf } from "./error-code.ts"
import { nameFile } from "./name-file.ts"

/** Why {@link readPrivateFile} refused a file. The message continues a sentence that begins with the file's name. */
export class PrivateFileError extends Error {
  override readonly name = "PrivateFileError"
  readonly code: "exposed" | "unreadable"

  constructor(code: PrivateFileError["code"], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What {@link readPrivateFile} accepts. */
export interface PrivateFileOptions {
  readonly maxBytes: number
  /** Default: a link is followed. */
  readonly refuseSymlink?: boolean
  /** Whether the file must belong to the user who runs this: root can read those of others. Default: it need not. */
  readonly mustBeOwn?: boolean
}

/**
 * Reads a file that only its owner may access. A credential of systemd may be readable to others, and a symbolic link.
 * @returns `undefined` when the file does not exist.
 * @throws {@link PrivateFileError}
 */
export function readPrivateFile(
  path: string,
  { refuseSymlink = false, ...options }: PrivateFileOptions,
): Buffer | undefined {
  const mayBeRead = isCredential(path)
  return readChecked(path, { ...options, mayBeRead, refuseSymlink: refuseSymlink && !mayBeRead })
}

/** The longest secret, in bytes. */
const MAX_SECRET_BYTES = 16 * 1024

/**
 * Reads a secret from a file of its own, which a platform laid: others may read it, it may be a symbolic link, and one
 * line break at its end does not count.
 * @throws {@link PrivateFileError}, also when the file does not exist or is empty.
 */
export function readSecretFile(path: string): string {
  const bytes = readChecked(path, { maxBytes: MAX_SECRET_BYTES, mayBeRead: true })
  if (bytes === undefined) refuse("unreadable", "does not exist")
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Without the cause: the content is secret.
    refuse("unreadable", "is not UTF-8 text")
  }
  const secret = text.replace(/\r?\n$/, "")
  if (secret === "") refuse("unreadable", "is empty")
  return secret
}

/**
 * Whether a file is a credential of systemd. Those are 0440, because the rights of the service's user are an ACL, and
 * their folder is read-only.
 */
export function isCredential(path: string): boolean {
  const folder = process.env["CREDENTIALS_DIRECTORY"] ?? ""
  return folder !== "" && resolve(path).startsWith(`${resolve(folder)}/`)
}

interface Rights extends PrivateFileOptions {
  /** Whether others than the owner may read the file. */
  readonly mayBeRead: boolean
}

/** Checks the open descriptor and reads from the same one, so that the file cannot be swapped in between. */
function readChecked(path: string, rights: Rights): Buffer | undefined {
  const { maxBytes, mayBeRead, refuseSymlink = false, mustBeOwn = false } = rights
  // Without O_NONBLOCK, opening a named pipe would wait until someone writes to it.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (refuseSymlink ? constants.O_NOFOLLOW : 0)
  let descriptor: number
  try {
    descriptor = openSync(path, flags)
  } catch (error) {
    const code = codeOf(error)
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    if (code === "ELOOP" && refuseSymlink)
      throw new PrivateFileError("unreadable", "is a symbolic link: give the file itself", { cause: error })
    const remedy = code === "EACCES" ? remedyOf(mayBeRead) : ""
    throw new PrivateFileError("unreadable", `cannot be opened (${code})${remedy}`, { cause: error })
  }
  try {
    const file = fstatSync(descriptor)
    if (!file.isFile()) refuse("unreadable", "is not a regular file")
    if (mustBeOwn && process.getuid !== undefined && file.uid !== process.getuid())
      refuse("exposed", "belongs to another user")
    const mode = `mode 0${(file.mode & 0o777).toString(8)}`
    // Write access counts too: it lets others replace the secret.
    if (!mayBeRead && (file.mode & 0o066) !== 0)
      refuse("exposed", `is open to group or others (${mode}): restrict it to its owner with chmod 600`)
    if ((file.mode & 0o022) !== 0) refuse("exposed", `can be written by group or others (${mode}): run chmod go-w`)
    if (file.size > maxBytes) refuse("unreadable", `is larger than ${maxBytes} bytes`)
    return readFileSync(descriptor)
  } catch (error) {
    if (error instanceof PrivateFileError) throw error
    throw new PrivateFileError("unreadable", `cannot be read (${codeOf(error)})`, { cause: error })
  } finally {
    closeSync(descriptor)
  }
}

const remedyOf = (mayBeRead: boolean): string =>
  mayBeRead
    ? ": the user who runs this must be able to read it"
    : ": it and its folder must belong to the user who runs this"

function refuse(code: PrivateFileError["code"], message: string): never {
  throw new PrivateFileError(code, message)
}

/** Options of {@link writeWhole}. */
export interface WriteOptions {
  /** The file's mode, regardless of the umask. */
  readonly mode: number
  /** Whether an existing file or symbolic link may be replaced. */
  readonly replace: boolean
  /** The file's owner, which only root may choose. Default: the user who runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/**
 * Writes a file atomically: content first to a temporary file, synced, then under its name, and the folder synced
 * before it returns.
 * @returns `false` when the file exists and may not be replaced.
 */
export function writeWhole(path: string, content: string, { mode, owner, replace }: WriteOptions): boolean {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`)
  try {
    const descriptor = openSync(temporary, "wx", mode)
    try {
      fchmodSync(descriptor, mode)
      if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid)
      writeFileSync(descriptor, content)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    if (replace) renameSync(temporary, path)
    else if (!nameFile(temporary, path)) return false
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
