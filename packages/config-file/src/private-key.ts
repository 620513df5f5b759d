import { createCipheriv, createDecipheriv, createPrivateKey, type KeyObject, randomBytes } from "node:crypto"

/** Why a file holds no private key that can be used. The message continues a sentence that begins with the file's name. */
export class PrivateKeyError extends Error {
  override readonly name = "PrivateKeyError"
  readonly code: "corrupt" | "sealed" | "wrong_seal"

  constructor(code: PrivateKeyError["code"], message: string) {
    super(message)
    this.code = code
  }
}

/** Bytes of a key that encrypts private keys: AES-256 (CONTRACT 9). */
export const ENCRYPTION_KEY_BYTES = 32

/** A private key file is a few kilobytes. */
export const MAX_KEY_FILE_BYTES: number = 16 * 1024

const BEGIN = "-----BEGIN "
const SEALED_BEGIN = "-----BEGIN AGENTWRIT SEALED KEY-----"
const SEALED_END = "-----END AGENTWRIT SEALED KEY-----"

const CIPHER = "aes-256-gcm"
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Bound to the ciphertext, so that it is never taken for a sealed text of another kind. */
const PURPOSE = Buffer.from("agentwrit-sealed-key-v1")

/** Whether a key file is sealed. */
export const isSealedKey = (content: Buffer): boolean => content.includes(SEALED_BEGIN)

/**
 * Reads the private key of a file: PKCS#8 PEM, or sealed by AES-256-GCM. Overwrites the bytes.
 * @param encryptionKey opens a sealed one.
 * @throws {@link PrivateKeyError}, whose message never contains any part of the key.
 */
export function readPrivateKey(content: Buffer, encryptionKey?: Buffer): KeyObject {
  try {
    return isSealedKey(content) ? unseal(content, encryptionKey) : parsePem(content)
  } finally {
    content.fill(0)
  }
}

/** The content of a key file: PKCS#8 PEM or, with an encryption key, sealed by AES-256-GCM. */
export function formatPrivateKey(key: KeyObject, encryptionKey?: Buffer): string {
  if (encryptionKey === undefined) return key.export({ type: "pkcs8", format: "pem" }).toString()
  const der = key.export({ type: "pkcs8", format: "der" })
  try {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, encryptionKey, nonce).setAAD(PURPOSE)
    const sealed = Buffer.concat([nonce, cipher.update(der), cipher.final(), cipher.getAuthTag()])
    const lines = sealed.toString("base64").match(/.{1,64}/g) ?? []
    return `${[SEALED_BEGIN, ...lines, SEALED_END].join("\n")}\n`
  } finally {
    der.fill(0)
  }
}

function unseal(content: Buffer, encryptionKey: Buffer | undefined): KeyObject {
  const [, body] =
    new RegExp(`^${SEALED_BEGIN}\\s+([A-Za-z0-9+/=\\s]+)${SEALED_END}\\s*$`).exec(content.toString("latin1")) ?? []
  const sealed = Buffer.from(body ?? "", "base64")
  if (sealed.length <= NONCE_BYTES + TAG_BYTES)
    throw new PrivateKeyError("corrupt", "does not hold a whole sealed key: put the right file back")
  if (encryptionKey === undefined)
    throw new PrivateKeyError(
      "sealed",
      "is sealed, and AA_KEY_ENCRYPTION_KEY is unset: set it to the key that sealed the file",
    )
  const decipher = createDecipheriv(CIPHER, encryptionKey, sealed.subarray(0, NONCE_BYTES)).setAAD(PURPOSE)
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  let der: Buffer | undefined
  try {
    der = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    return createPrivateKey({ key: der, type: "pkcs8", format: "der" })
  } catch {
    throw new PrivateKeyError(
      "wrong_seal",
      "is not sealed by this AA_KEY_ENCRYPTION_KEY, or is damaged: set the key that sealed it; awrit key reseal changes it",
    )
  } finally {
    der?.fill(0)
  }
}

function parsePem(pem: Buffer): KeyObject {
  const remedy = "put the right file back, or move this one away to start with a new key"
  const first = pem.indexOf(BEGIN)
  // OpenSSL would use the first of several keys without a warning.
  if (first === -1 || pem.indexOf(BEGIN, first + 1) !== -1)
    throw new PrivateKeyError("corrupt", `does not hold exactly one private key in PKCS#8 PEM: ${remedy}`)
  try {
    return createPrivateKey({ key: pem, format: "pem" })
  } catch {
    // The cause is left out, because it could quote the content, which is secret.
    throw new PrivateKeyError("corrupt", `does not hold a readable private key in PKCS#8 PEM: ${remedy}`)
  }
}
