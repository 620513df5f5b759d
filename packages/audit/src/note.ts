import { decodeBase64, encodeBase64, encodeHex, encodeUtf8, type SigningKey } from "@agentwrit/core"
import { NoteError } from "./errors.ts"
import { assertKeyName, isKeyName, keyHash, type VerifierKey } from "./verifier-key.ts"

/**
 * Longer notes are refused unread. Verifiers must accept 16 post-quantum signatures, which need about 110,000
 * characters.
 */
export const MAX_NOTE_LENGTH = 262_144

/** Notes with more signatures are refused unverified. */
export const MAX_NOTE_SIGNATURES = 100

/** The length of the key id before the signature, in bytes. */
const ID_LENGTH = 4

// biome-ignore lint/suspicious/noControlCharactersInRegex: it searches for control characters.
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/

interface SignatureLine {
  readonly name: string
  readonly id: string
  readonly signature: Uint8Array
}

/**
 * Signs a text as a C2SP signed note: the text, an empty line, and `— name base64(key id, signature)`.
 * @param text ends with a line break and contains no other control characters.
 * @param name the name under which verifiers know the key.
 * @param keys each signs it; usually one, and two while one key follows another.
 * @throws `TypeError` for an invalid text or name.
 */
export function signNote(text: string, name: string, ...keys: readonly SigningKey[]): string {
  assertKeyName(name)
  if (!text.endsWith("\n") || !text.isWellFormed() || CONTROL.test(text))
    throw new TypeError("a note's text must end with a line break and contain no other control character")
  const lines = keys.map((key) => {
    const id = Uint8Array.from(keyHash(name, key.publicKey).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    return `— ${name} ${encodeBase64(Uint8Array.of(...id, ...key.sign(encodeUtf8(text))))}\n`
  })
  const note = `${text}\n${lines.join("")}`
  if (note.length > MAX_NOTE_LENGTH) throw new TypeError(`a note must have at most ${MAX_NOTE_LENGTH} characters`)
  return note
}

/**
 * Verifies a note's signature by the key and returns its text. Signatures of other keys are ignored. Every signature by
 * this key must be valid.
 * @returns the text with its final line break.
 * @throws {@link NoteError} `malformed_note`, `note_not_signed_by_key` or `bad_note_signature`.
 */
export function openNote(note: string, { name, id, key }: VerifierKey): string {
  const { text, lines } = splitNote(note)
  const ours = lines.filter((line) => line.name === name && line.id === id)
  if (ours.length === 0)
    throw new NoteError("note_not_signed_by_key", `the note has no signature of the key ${name}+${id}`)
  const message = encodeUtf8(text)
  if (!ours.every(({ signature }) => key.verify(message, signature)))
    throw new NoteError("bad_note_signature", `the note's signature does not verify with the key ${name}+${id}`)
  return text
}

/** The text of a note, of which no signature was verified. @throws {@link NoteError} `malformed_note`. */
export const noteText = (note: string): string => splitNote(note).text

/** Whether a note claims a signature by the key. @throws {@link NoteError} `malformed_note`. */
export const signsNote = (note: string, { name, id }: VerifierKey): boolean =>
  splitNote(note).lines.some((line) => line.name === name && line.id === id)

function splitNote(note: string): { text: string; lines: SignatureLine[] } {
  if (note.length > MAX_NOTE_LENGTH) throw malformed(`it is longer than ${MAX_NOTE_LENGTH} characters`)
  if (!note.isWellFormed()) throw malformed("it has an unpaired surrogate")
  if (CONTROL.test(note)) throw malformed("it contains a control character other than the line break")
  // The text may contain empty lines, the signatures not.
  const end = note.lastIndexOf("\n\n")
  if (end === -1) throw malformed("there is no empty line between text and signatures")
  const signatures = note.slice(end + 2)
  if (!signatures.endsWith("\n")) throw malformed("it does not end with a signature and a line break")
  const lines = signatures.slice(0, -1).split("\n")
  if (lines.length > MAX_NOTE_SIGNATURES) throw malformed(`it has more than ${MAX_NOTE_SIGNATURES} signatures`)
  return { text: note.slice(0, end + 1), lines: lines.map(parseSignatureLine) }
}

function parseSignatureLine(line: string): SignatureLine {
  const [dash, name, encoded, ...rest] = line.split(" ")
  if (dash !== "—" || name === undefined || encoded === undefined || rest.length > 0 || !isKeyName(name))
    throw malformed("a signature line is not of the form “— name base64”")
  const bytes = decode(encoded)
  if (bytes.length <= ID_LENGTH) throw malformed("a signature line has no signature")
  return { name, id: encodeHex(bytes.subarray(0, ID_LENGTH)), signature: bytes.subarray(ID_LENGTH) }
}

function decode(encoded: string): Uint8Array {
  try {
    return decodeBase64(encoded)
  } catch (cause) {
    throw malformed("a signature is not padded standard base64", { cause })
  }
}

function malformed(why: string, options?: ErrorOptions): NoteError {
  return new NoteError("malformed_note", `this is not a signed note: ${why}`, options)
}
