import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { readFileSync } from "node:fs"
import { dirname } from "node:path"
import { formatVerifierKey, verifierKeyOf } from "@agentwrit/audit"
import { codeOf, PrivateFileError, readPrivateFile, writeWhole } from "@agentwrit/config-file"
import { createSigningKey, decodeBase64Url, type SigningKey } from "@agentwrit/core"

/** Why a key file cannot be used. */
export type KeyFileErrorCode =
  /** The trail has events, but the key that signs its checkpoints is not there. */
  | "key_missing"
  /** It exists but cannot be opened or read, or is no regular file. */
  | "key_unreadable"
  /** Group or others may read or write it. */
  | "key_exposed"
  /** It holds no private key in PKCS#8 PEM, or more than one. */
  | "key_corrupt"
  /** It holds a private key, but not an Ed25519 one. */
  | "key_wrong_type"
  /** It is to be created in a folder that does not exist. */
  | "key_folder_missing"
  /** It could not be written. */
  | "key_unwritable"

/** A key file that cannot be used. The message names the file and says what to do; it never holds any of the key. */
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

/** A key, and whether it was made just now. */
export interface LoadedKey {
  readonly key: SigningKey
  readonly created: boolean
}

/** What {@link loadAuditKey} needs to know. */
export interface AuditKeyOptions {
  readonly path: string
  /** The name on the trail's checkpoints, `{trust domain}/audit`. */
  readonly origin: string
  /** Whether the trail has events; then a missing key is never replaced by a new one. */
  readonly trailExists: boolean
  /** Where its verifier key is kept. Default: beside it, under its name. */
  readonly verifierKeyPath?: string
}

/** The audit key with what others pin. */
export interface LoadedAuditKey extends LoadedKey {
  /** The C2SP verifier key, one line without its line end. */
  readonly verifierKey: string
  /** The file beside the key that holds it. */
  readonly verifierKeyPath: string
}

/** A private key file is a few hundred bytes. */
const LONGEST_KEY_FILE = 16 * 1024

/**
 * Reads an Ed25519 key from PKCS#8 PEM; when there is no such file, makes one (0600, atomically, synced: CONTRACT 6). A file
 * that exists is never replaced, whatever is wrong with it.
 * @throws {@link KeyFileError}
 */
export function loadOrCreateKey(path: string): LoadedKey {
  const key = loadKey(path)
  return key === undefined ? createKey(path) : { key, created: false }
}

/**
 * The key that signs the trail's checkpoints (CONTRACT 4), made only while the trail is empty: under a new key nobody could
 * tell the trail from a forged one. Keeps its verifier key in `audit.pub` beside it.
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

/** Where the verifier key of an audit key is kept: `audit.pub` beside `audit.key`. */
export const verifierKeyPathOf = (path: string): string =>
  path.endsWith(".key") ? `${path.slice(0, -".key".length)}.pub` : `${path}.pub`

/**
 * Makes a key in a file that its public half names.
 * @param pathOf the file's path.
 * @throws {@link KeyFileError}
 */
export function createNamedKey(pathOf: (publicKey: Uint8Array) => string): SigningKey {
  const { key, pem } = newKey()
  const path = pathOf(key.publicKey)
  if (!writing(path, () => writeKey(path, pem))) throw new KeyFileError("key_unwritable", path, "exists already")
  return key
}

/**
 * Reads an Ed25519 key; `undefined` when there is no such file.
 * @throws {@link KeyFileError}
 */
export function loadKey(path: string): SigningKey | undefined {
  let bytes: Buffer | undefined
  try {
    bytes = readPrivateFile(path, { maxBytes: LONGEST_KEY_FILE })
  } catch (error) {
    if (!(error instanceof PrivateFileError)) throw error
    throw new KeyFileError(`key_${error.code}`, path, error.message, { cause: error })
  }
  return bytes === undefined ? undefined : parseKey(bytes.toString("latin1"), path)
}

function parseKey(pem: string, path: string): SigningKey {
  const remedy = "put the right file back, or move this one away to start with a new key"
  // OpenSSL reads the first block and is silent about the rest; then nobody could say which key is in use.
  if (pem.split("-----BEGIN ").length !== 2)
    throw new KeyFileError("key_corrupt", path, `does not hold exactly one private key in PKCS#8 PEM: ${remedy}`)
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, format: "pem" })
  } catch {
    // The cause is left out: what it says of the content is no help, and the content is a secret.
    throw new KeyFileError("key_corrupt", path, `holds no readable private key in PKCS#8 PEM: ${remedy}`)
  }
  const seed = key.asymmetricKeyType === "ed25519" ? key.export({ format: "jwk" }).d : undefined
  if (seed === undefined)
    throw new KeyFileError(
      "key_wrong_type",
      path,
      `holds a key of type ${key.asymmetricKeyType}, not Ed25519: ${remedy}`,
    )
  return createSigningKey(decodeBase64Url(seed))
}

function createKey(path: string): LoadedKey {
  const { pem } = newKey()
  const created = writing(path, () => writeKey(path, pem))
  // Read back even when we wrote it: of two that start at once, one file wins, and both must use that one.
  const key = loadKey(path)
  if (key === undefined)
    throw new KeyFileError(
      "key_unreadable",
      path,
      "is a symbolic link to a file that does not exist: correct or remove it",
    )
  return { key, created }
}

const writeKey = (path: string, pem: string): boolean => writeWhole(path, pem, { mode: 0o600, replace: false })

function newKey(): { readonly key: SigningKey; readonly pem: string } {
  const { privateKey } = generateKeyPairSync("ed25519")
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  return { key: parseKey(pem, "new"), pem }
}

/** Keeps the verifier key where others find it. */
export function keepVerifierKey(path: string, verifierKey: string): void {
  const line = `${verifierKey}\n`
  try {
    if (readFileSync(path, "utf8") === line) return
  } catch {
    // Not there or not readable: it is written anew, from the key.
  }
  writing(path, () => writeWhole(path, line, { mode: 0o644, replace: true }))
}

function writing<T>(path: string, write: () => T): T {
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
    throw new KeyFileError(
      "key_unwritable",
      path,
      `cannot be written (${code}): check the folder's rights and free space`,
      {
        cause: error,
      },
    )
  }
}
