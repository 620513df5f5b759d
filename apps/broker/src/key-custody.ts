import type { KeyObject } from "node:crypto"
import { accessSync, closeSync, constants, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs"
import { dirname } from "node:path"
import {
  algorithmOf,
  type HeldKeys,
  type KeyAlgorithm,
  type KeyCustody,
  nativeKey,
  newPrivateKey,
  oauthKey,
  UnavailableError,
} from "@agentwrit/authority"
import { codeOf, isCredential, signingKeyPaths } from "@agentwrit/config-file"
import {
  KeyFileError,
  type KeySealing,
  loadKey,
  loadOrCreateKey,
  readKeyFile,
  writeKeyFile,
  writing,
  wrongType,
} from "./key-files.ts"

/** The options of {@link fileCustody}. */
export interface FileCustodyOptions {
  readonly sealing?: KeySealing | undefined
  /** Called when there was no signing key and one was created. */
  readonly onCreated?: () => void
}

/**
 * Keeps the signing keys in files of the owner alone (CONTRACT 9). A next key takes the place of the current one by a
 * rename, so that at each moment the file of the current key holds one of the two, whole.
 */
export function fileCustody(
  signingKeyPath: string,
  { sealing, onCreated = () => undefined }: FileCustodyOptions = {},
): KeyCustody {
  const paths = signingKeyPaths(signingKeyPath)

  function load(): HeldKeys {
    const { key, created } = loadOrCreateKey(signingKeyPath, sealing)
    if (created) onCreated()
    const next = loadKey(paths.native.next, sealing)
    const oauth = readOAuthKey(paths.oauth.current, sealing)
    const nextOAuth = readOAuthKey(paths.oauth.next, sealing)
    return {
      native: {
        current: nativeKey(key, createdAt(signingKeyPath)),
        ...(next !== undefined && { next: nativeKey(next, createdAt(paths.native.next)) }),
      },
      oauth: {
        ...(oauth !== undefined && { current: oauthKey(oauth, createdAt(paths.oauth.current)) }),
        ...(nextOAuth !== undefined && { next: oauthKey(nextOAuth, createdAt(paths.oauth.next)) }),
      },
    }
  }

  return {
    load: async () => load(),
    async create(alg) {
      const key = await newPrivateKey(alg)
      const { next } = paths[alg === "EdDSA" ? "native" : "oauth"]
      return keeping(() => {
        requireReplaceable(signingKeyPath)
        writeKeyFile(next, key, { replace: true, sealing })
      }, load)
    },
    async promote(use) {
      const { current, next } = paths[use]
      return keeping(() => moveIfThere(next, current), load)
    },
    async discard(use) {
      return keeping(() => remove(paths[use].next), load)
    },
    async discardOthers() {
      const others = [paths.native.next, paths.oauth.current, paths.oauth.next]
      return keeping(() => others.forEach(remove), load)
    },
  }
}

const SIGNING_KEY_REMEDY =
  "move it to a folder that the broker can write and correct AA_SIGNING_KEY_PATH, or rotate by hand: unset AA_KEY_ROTATION_DAYS, " +
  "let its host put another key there, and restart, which ends every token"

/**
 * Requires that a new key can take the place of this one, by a rename in its folder.
 * @throws {@link KeyFileError} `key_fixed`
 */
export function requireReplaceable(path: string, remedy: string = SIGNING_KEY_REMEDY): void {
  const why = whyFixed(path)
  if (why === undefined) return
  throw new KeyFileError("key_fixed", path, `cannot be replaced (${why}), so it cannot rotate: ${remedy}`)
}

function whyFixed(path: string): string | undefined {
  if (isCredential(path)) return "a credential of systemd"
  const inFolder = accessFault(dirname(path))
  if (inFolder !== undefined) return inFolder
  // A mount of the file alone stands in the way of a rename, the mode of the file does not.
  return accessFault(path) === "EROFS" ? "EROFS" : undefined
}

/** Why this user may not write here; `undefined` also when there is nothing. */
function accessFault(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK)
    return undefined
  } catch (error) {
    const code = codeOf(error)
    return code === "ENOENT" ? undefined : code
  }
}

function readOAuthKey(path: string, sealing: KeySealing | undefined): KeyObject | undefined {
  const key = readKeyFile(path, sealing)
  if (key === undefined) return undefined
  const alg: KeyAlgorithm | undefined = algorithmOf(key)
  if (alg === undefined || alg === "EdDSA") throw wrongType(path, key, "P-256 or RSA")
  return key
}

/** A key that takes its place by a rename keeps the time of its making. */
const createdAt = (path: string): number => Math.floor(statSync(path).mtimeMs)

export function moveIfThere(from: string, to: string): void {
  try {
    writing(to, () => renameSync(from, to))
  } catch (error) {
    if (error instanceof KeyFileError && error.code === "key_folder_missing") return
    throw error
  }
  syncFolder(to)
}

function remove(path: string): void {
  writing(path, () => rmSync(path, { force: true }))
  syncFolder(path)
}

function syncFolder(path: string): void {
  const descriptor = openSync(dirname(path), "r")
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Changes the files, and reads them back. A file that cannot be written now may be writable later. */
export function keeping<T>(write: () => void, read: () => T): T {
  try {
    write()
    return read()
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error
    if (error.code === "key_fixed") throw new UnavailableError("read_only", error.message, { cause: error })
    const isFull = ["ENOSPC", "EDQUOT"].includes(String(codeOf(error.cause)))
    throw new UnavailableError(isFull ? "full" : "busy", error.message, { cause: error })
  }
}
