import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { readFileSync } from "node:fs"
import { dirname } from "node:path"
import { formatVerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { signingKeyOf } from "@agentwrit/authority"
import {
  codeOf,
  formatPrivateKey,
  isCredential,
  isSealedKey,
  MAX_KEY_FILE_BYTES,
  PrivateFileError,
  PrivateKeyError,
  readPrivateFile,
  readPrivateKey,
  writeWhole,
} from "@agentwrit/config-file"
import type { SigningKey } from "@agentwrit/core"

/** Why a key file cannot be used. */
export type KeyFileErrorCode =
  /** It is missing and cannot be made: the trail has events that it signed, or it is a credential of systemd. */
  | "key_missing"
  /** It exists, but cannot be read or is not a regular file. */
  | "key_unreadable"
  /** Group or others may read or write it. */
  | "key_exposed"
  /** It does not hold exactly one private key in PKCS#8 PEM. */
  | "key_corrupt"
  /** The audit key is the signing key. */
  | "key_shared"
  /** It is sealed, and there is no key to open it. */
  | "key_sealed"
  /** It is sealed by another key, or damaged. */
  | "key_wrong_seal"
  /** It holds a private key, but not an Ed25519 one. */
  | "key_wrong_type"
  /** It should be created in a folder that does not exist. */
  | "key_folder_missing"
  /** It could not be written. */
  | "key_unwritable"
  /** It cannot take the place of another one: its host keeps it read-only. */
  | "key_fixed"

/**
 * A key file that cannot be used. The message names the file and says what to do. It never contains any part of the
 * key.
 */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError"
  readonly code: KeyFileErrorCode
  readonly path: string

  constructor(code: KeyFileErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(`the key file ${path} ${message}`, options)
    this.code = code
    this.path = path
  }
}

/** A key, and whether it was created just now. */
export interface LoadedKey {
  readonly key: SigningKey
  readonly created: boolean
}

/** The options of {@link loadAuditKey}. */
export interface AuditKeyOptions {
  readonly path: string
  /** The name on the trail's checkpoints, `{trust domain}/audit`. */
  readonly origin: string
  /** Whether the trail has events. Then a missing key is never replaced by a new one. */
  readonly trailExists: boolean
  /** The file of its verifier key. Default: beside it, under its name. */
  readonly verifierKeyPath?: string
  readonly sealing?: KeySealing | undefined
}

/** The audit key and its verifier key. */
export interface LoadedAuditKey extends LoadedKey {
  /** The C2SP verifier key, one line without its line end. */
  readonly verifierKey: string
  /** The file beside the key that holds it. */
  readonly verifierKeyPath: string
}

/** How key files are sealed (CONTRACT 9). Absent: they are PKCS#8 PEM. */
export interface KeySealing {
  /** 32 bytes. */
  readonly key: Buffer
  /** Called for a file that is not sealed. */
  readonly onPlain: (path: string) => void
}

/**
 * Reads an Ed25519 key from PKCS#8 PEM, or creates the file (0600, atomically, synced: CONTRACT 6). A file that exists
 * is never replaced, whatever is wrong with it.
 * @throws {@link KeyFileError}
 */
export function loadOrCreateKey(path: string, sealing?: KeySealing): LoadedKey {
  const key = loadKey(path, sealing)
  return key === undefined ? createKey(path, sealing) : { key, created: false }
}

/**
 * The key that signs the trail's checkpoints (CONTRACT 4). It is created only while the trail is empty: with a new key
 * nobody could tell the trail from a forged one. Writes its verifier key to `audit.pub` beside it.
 * @throws {@link KeyFileError}
 */
export function loadAuditKey(options: AuditKeyOptions): LoadedAuditKey {
  const { path, origin, trailExists, sealing, verifierKeyPath = verifierKeyPathOf(path) } = options
  const present = loadKey(path, sealing)
  if (present === undefined && trailExists)
    throw new KeyFileError(
      "key_missing",
      path,
      "does not exist, but the audit trail has events signed with it: put it back from your backup, or correct AA_AUDIT_KEY_PATH; " +
        "if it is lost for good, declare a restore: start once with AA_DECLARE_RESTORE set to a name for it, such as the date",
    )
  const { key, created } = present === undefined ? createKey(path, sealing) : { key: present, created: false }
  const verifierKey = formatVerifierKey(verifierKeyOf(origin, key.publicKey))
  keepVerifierKey(verifierKeyPath, verifierKey)
  return { key, created, verifierKey, verifierKeyPath }
}

/** The file of the verifier key of an audit key: `audit.pub` beside `audit.key`. */
export const verifierKeyPathOf = (path: string): string =>
  path.endsWith(".key") ? `${path.slice(0, -".key".length)}.pub` : `${path}.pub`

/**
 * Creates a key in a file that is named after its public key.
 * @throws {@link KeyFileError}
 */
export function createNamedKey(pathOf: (publicKey: Uint8Array) => string, sealing?: KeySealing): SigningKey {
  const privateKey = newKey()
  const key = signingKeyOf(privateKey)
  const path = pathOf(key.publicKey)
  if (!writeKeyFile(path, privateKey, { replace: false, sealing }))
    throw new KeyFileError("key_unwritable", path, "exists already")
  return key
}

/**
 * Reads an Ed25519 key; `undefined` when there is no such file.
 * @throws {@link KeyFileError}
 */
export function loadKey(path: string, sealing?: KeySealing): SigningKey | undefined {
  const key = readKeyFile(path, sealing)
  if (key === undefined) return undefined
  if (key.asymmetricKeyType !== "ed25519") throw wrongType(path, key, "Ed25519")
  return signingKeyOf(key)
}

/**
 * Reads a private key of any kind; `undefined` when there is no such file.
 * @throws {@link KeyFileError}
 */
export function readKeyFile(path: string, sealing?: KeySealing): KeyObject | undefined {
  try {
    const bytes = readPrivateFile(path, { maxBytes: MAX_KEY_FILE_BYTES })
    if (bytes === undefined) return undefined
    const isPlain = !isSealedKey(bytes)
    const key = readPrivateKey(bytes, sealing?.key)
    if (isPlain) sealing?.onPlain(path)
    return key
  } catch (error) {
    if (!(error instanceof PrivateFileError || error instanceof PrivateKeyError)) throw error
    throw new KeyFileError(`key_${error.code}`, path, error.message, { cause: error })
  }
}

/**
 * Writes a private key (0600, atomically, synced: CONTRACT 6).
 * @returns `false` when the file exists and may not be replaced.
 * @throws {@link KeyFileError}
 */
export function writeKeyFile(
  path: string,
  key: KeyObject,
  { replace, sealing }: { readonly replace: boolean; readonly sealing?: KeySealing | undefined },
): boolean {
  const content = formatPrivateKey(key, sealing?.key)
  return writing(path, () => writeWhole(path, content, { mode: 0o600, replace }))
}

const REMEDY = "put the right file back, or move this one away to start with a new key"

/** The fault of a file that holds a key of another kind. */
export const wrongType = (path: string, { asymmetricKeyType }: KeyObject, expected: string): KeyFileError =>
  new KeyFileError("key_wrong_type", path, `holds a key of type ${asymmetricKeyType}, not ${expected}: ${REMEDY}`)

function createKey(path: string, sealing: KeySealing | undefined): LoadedKey {
  if (isCredential(path))
    throw new KeyFileError(
      "key_missing",
      path,
      "does not exist, and systemd's credentials are read-only: make it (openssl genpkey -algorithm ed25519), and name it in LoadCredential=",
    )
  const created = writeKeyFile(path, newKey(), { replace: false, sealing })
  // Read it back even when we wrote it: of two brokers that start at once one file wins, and both must use that one.
  const key = loadKey(path, sealing)
  if (key === undefined)
    throw new KeyFileError(
      "key_unreadable",
      path,
      "is a symbolic link to a file that does not exist: correct or remove it",
    )
  return { key, created }
}

const newKey = (): KeyObject => generateKeyPairSync("ed25519").privateKey

/** Writes the verifier key where others find it. A history that names it stays. */
export function keepVerifierKey(path: string, verifierKey: string): void {
  if (!verifierKeysIn(path).includes(verifierKey)) writeVerifierKeys(path, [verifierKey])
}

/** Writes the verifier key that follows before those that it follows. */
export function followVerifierKey(path: string, verifierKey: string): void {
  const former = verifierKeysIn(path)
  if (former[0] !== verifierKey) writeVerifierKeys(path, [verifierKey, ...former])
}

/** Whether the file of the verifier key says that this key followed another. */
export function wasRotated(path: string, verifierKey: string): boolean {
  const known = verifierKeysIn(path)
  return known.indexOf(verifierKey) !== -1 && known.indexOf(verifierKey) < known.length - 1
}

function verifierKeysIn(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").trim().split("\n")
  } catch {
    // Missing or not readable: it is written again, from the key.
    return []
  }
}

function writeVerifierKeys(path: string, verifierKeys: readonly string[]): void {
  writing(path, () => writeWhole(path, `${verifierKeys.join("\n")}\n`, { mode: 0o644, replace: true }))
}

/** Runs a write, and says what stands in its way. @throws {@link KeyFileError} */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const code = codeOf(error)
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new KeyFileError(
        "key_folder_missing",
        path,
        `cannot be created, because the folder ${dirname(path)} does not exist: make it, open to you alone (mkdir -m 700)`,
        { cause: error },
      )
    const problem = `cannot be written (${code}): check the folder's rights and free space`
    throw new KeyFileError("key_unwritable", path, problem, { cause: error })
  }
}
