import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { readFileSync } from "node:fs"
import { dirname } from "node:path"
import { formatVerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { signingKeyOf } from "@agentwrit/authority"
import { codeOf, PrivateFileError, readPrivateFile, writeWhole } from "@agentwrit/config-file"
import type { SigningKey } from "@agentwrit/core"

/** Why a key file cannot be used. */
export type KeyFileErrorCode =
  /** The trail has events, but the key that signs its checkpoints is missing. */
  | "key_missing"
  /** It exists, but cannot be read or is not a regular file. */
  | "key_unreadable"
  /** Group or others may read or write it. */
  | "key_exposed"
  /** It does not hold exactly one private key in PKCS#8 PEM. */
  | "key_corrupt"
  /** The audit key is the signing key. */
  | "key_shared"
  /** It holds a private key, but not an Ed25519 one. */
  | "key_wrong_type"
  /** It should be created in a folder that does not exist. */
  | "key_folder_missing"
  /** It could not be written. */
  | "key_unwritable"

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
}

/** The audit key and its verifier key. */
export interface LoadedAuditKey extends LoadedKey {
  /** The C2SP verifier key, one line without its line end. */
  readonly verifierKey: string
  /** The file beside the key that holds it. */
  readonly verifierKeyPath: string
}

/** A private key file is a few hundred bytes. */
const MAX_KEY_FILE_BYTES = 16 * 1024

const PEM_BEGIN = "-----BEGIN "

/**
 * Reads an Ed25519 key from PKCS#8 PEM, or creates the file (0600, atomically, synced: CONTRACT 6). A file that exists
 * is never replaced, whatever is wrong with it.
 * @throws {@link KeyFileError}
 */
export function loadOrCreateKey(path: string): LoadedKey {
  const key = loadKey(path)
  return key === undefined ? createKey(path) : { key, created: false }
}

/**
 * The key that signs the trail's checkpoints (CONTRACT 4). It is created only while the trail is empty: with a new key
 * nobody could tell the trail from a forged one. Writes its verifier key to `audit.pub` beside it.
 * @throws {@link KeyFileError}
 */
export function loadAuditKey(options: AuditKeyOptions): LoadedAuditKey {
  const { path, origin, trailExists, verifierKeyPath = verifierKeyPathOf(path) } = options
  const present = loadKey(path)
  if (present === undefined && trailExists)
    throw new KeyFileError(
      "key_missing",
      path,
      "does not exist, but the audit trail has events signed with it: put it back from your backup, or correct AA_AUDIT_KEY_PATH; " +
        "if it is lost for good, declare a restore: start once with AA_DECLARE_RESTORE set to a name for it, such as the date",
    )
  const { key, created } = present === undefined ? createKey(path) : { key: present, created: false }
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
export function createNamedKey(pathOf: (publicKey: Uint8Array) => string): SigningKey {
  const privateKey = newKey()
  const key = signingKeyOf(privateKey)
  const path = pathOf(key.publicKey)
  if (!writePrivateKey(path, privateKey, { replace: false }))
    throw new KeyFileError("key_unwritable", path, "exists already")
  return key
}

/**
 * Reads an Ed25519 key; `undefined` when there is no such file.
 * @throws {@link KeyFileError}
 */
export function loadKey(path: string): SigningKey | undefined {
  const key = readPrivateKey(path)
  if (key === undefined) return undefined
  if (key.asymmetricKeyType !== "ed25519") throw wrongType(path, key, "Ed25519")
  return signingKeyOf(key)
}

/**
 * Reads a private key of any kind; `undefined` when there is no such file.
 * @throws {@link KeyFileError}
 */
export function readPrivateKey(path: string): KeyObject | undefined {
  let bytes: Buffer | undefined
  try {
    bytes = readPrivateFile(path, { maxBytes: MAX_KEY_FILE_BYTES })
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error
    throw new KeyFileError(`key_${error.code}`, path, error.message, { cause: error })
  }
  if (bytes === undefined) return undefined
  try {
    return parseKey(bytes, path)
  } finally {
    bytes.fill(0)
  }
}

/**
 * Writes a private key (0600, atomically, synced: CONTRACT 6).
 * @returns `false` when the file exists and may not be replaced.
 * @throws {@link KeyFileError}
 */
export function writePrivateKey(path: string, key: KeyObject, { replace }: { readonly replace: boolean }): boolean {
  const pem = key.export({ type: "pkcs8", format: "pem" }).toString()
  return writing(path, () => writeWhole(path, pem, { mode: 0o600, replace }))
}

const REMEDY = "put the right file back, or move this one away to start with a new key"

/** The fault of a file that holds a key of another kind. */
export const wrongType = (path: string, { asymmetricKeyType }: KeyObject, expected: string): KeyFileError =>
  new KeyFileError("key_wrong_type", path, `holds a key of type ${asymmetricKeyType}, not ${expected}: ${REMEDY}`)

function parseKey(pem: Buffer, path: string): KeyObject {
  const begins = pem.indexOf(PEM_BEGIN)
  // OpenSSL would use the first of several keys without a warning.
  if (begins === -1 || pem.indexOf(PEM_BEGIN, begins + 1) !== -1)
    throw new KeyFileError("key_corrupt", path, `does not hold exactly one private key in PKCS#8 PEM: ${REMEDY}`)
  try {
    return createPrivateKey({ key: pem, format: "pem" })
  } catch {
    // The cause is left out, because it could quote the content, which is secret.
    throw new KeyFileError("key_corrupt", path, `does not hold a readable private key in PKCS#8 PEM: ${REMEDY}`)
  }
}

function createKey(path: string): LoadedKey {
  const created = writePrivateKey(path, newKey(), { replace: false })
  // Read it back even when we wrote it: of two brokers that start at once one file wins, and both must use that one.
  const key = loadKey(path)
  if (key === undefined)
    throw new KeyFileError(
      "key_unreadable",
      path,
      "is a symbolic link to a file that does not exist: correct or remove it",
    )
  return { key, created }
}

const newKey = (): KeyObject => generateKeyPairSync("ed25519").privateKey

/** Writes the verifier key where others find it. */
export function keepVerifierKey(path: string, verifierKey: string): void {
  const line = `${verifierKey}\n`
  try {
    if (readFileSync(path, "utf8") === line) return
  } catch {
    // Missing or not readable: it is written again, from the key.
  }
  writing(path, () => writeWhole(path, line, { mode: 0o644, replace: true }))
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
