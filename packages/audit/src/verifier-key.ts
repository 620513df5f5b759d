import {
  createVerifyingKey,
  decodeBase64,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  sha256,
  type VerifyingKey,
} from "@agentwrit/core"
import { VerifierKeyError } from "./errors.ts"

/** The signature type of Ed25519 (C2SP signed-note). */
const ED25519 = 0x01

/**
 * Spaces and plus signs separate the parts of notes and keys, and notes contain no control character but the line
 * break.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it searches for control characters.
const NOT_IN_NAME = /[\p{White_Space}+\u0000-\u001f]/u

/** A public key with its name in notes (C2SP signed-note). */
export interface VerifierKey {
  /** For the checkpoints of a trail, its origin: `{trust domain}/audit`. */
  readonly name: string
  /** The first 4 bytes of SHA-256 over name, line break, 0x01 and public key, as 8 hex characters. */
  readonly id: string
  readonly key: VerifyingKey
}

/** Whether a text is a valid key name: not empty, without whitespace, plus sign or control character. */
export function isKeyName(name: string): boolean {
  return name !== "" && name.isWellFormed() && !NOT_IN_NAME.test(name)
}

/**
 * The verifier key of a name and a public key.
 * @param publicKey Ed25519, 32 bytes.
 * @throws `TypeError` for an invalid name.
 * @throws {@link VerifierKeyError} `malformed_verifier_key` when the public key is refused.
 * @example verifierKeyOf("agentwrit.local/audit", auditKey.publicKey)
 */
export function verifierKeyOf(name: string, publicKey: Uint8Array): VerifierKey {
  assertKeyName(name)
  try {
    return { name, id: keyHash(name, publicKey), key: createVerifyingKey(publicKey) }
  } catch (cause) {
    throw new VerifierKeyError(
      "malformed_verifier_key",
      `the key of ${name} is not usable: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

/** @throws `TypeError` for an invalid name. */
export function assertKeyName(name: string): void {
  if (!isKeyName(name))
    throw new TypeError("a key's name must not be empty or contain a space, plus or control character")
}

/** A key's id in notes, see {@link VerifierKey.id}. */
export function keyHash(name: string, publicKey: Uint8Array): string {
  return encodeHex(sha256(encodeUtf8(`${name}\n\u0001`), publicKey).subarray(0, 4))
}

/**
 * The text of the key for others to pin: `name+id+base64(0x01, public key)`.
 * @example
 * const key = verifierKeyOf("agentwrit.local/audit", auditKey.publicKey)
 * formatVerifierKey(key) // "agentwrit.local/audit+1f2e3d4c+AbCd…"
 */
export function formatVerifierKey({ name, id, key }: VerifierKey): string {
  return `${name}+${id}+${encodeBase64(Uint8Array.of(ED25519, ...key.publicKey))}`
}

/**
 * Parses the text of {@link formatVerifierKey}.
 * @throws {@link VerifierKeyError} `malformed_verifier_key` for anything else: another signature type, an id that is
 * not the key's, a key of small order.
 */
export function parseVerifierKey(text: string): VerifierKey {
  // The base64 at the end may contain plus signs, the name not.
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? []
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name))
    throw malformed("it is not of the form name+id+key")
  const bytes = decode(encoded)
  if (bytes[0] !== ED25519) throw malformed("it is of another signature type than Ed25519")
  const key = verifierKeyOf(name, bytes.subarray(1))
  if (key.id !== id) throw malformed(`its id is ${id}, and the key's own is ${key.id}`)
  return key
}

/**
 * Parses the lines of an `audit.pub`: the newest key, then those that it followed.
 * @throws {@link VerifierKeyError} `malformed_verifier_key` when a line is not a verifier key.
 */
export function parseVerifierKeys(text: string): [VerifierKey, ...VerifierKey[]] {
  const [newest = "", ...former] = text.trim().split(/\r?\n/)
  return [parseVerifierKey(newest), ...former.map(parseVerifierKey)]
}

function decode(encoded: string): Uint8Array {
  try {
    return decodeBase64(encoded)
  } catch (cause) {
    throw malformed("its key is not padded standard base64", { cause })
  }
}

function malformed(why: string, options?: ErrorOptions): VerifierKeyError {
  return new VerifierKeyError("malformed_verifier_key", `this is not a verifier key: ${why}`, options)
}
