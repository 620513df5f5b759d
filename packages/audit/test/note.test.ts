import {
  formatVerifierKey,
  MAX_NOTE_LENGTH,
  MAX_NOTE_SIGNATURES,
  NoteError,
  openNote,
  parseVerifierKey,
  signNote,
  VerifierKeyError,
  verifierKeyOf,
} from "@agentwrit/audit"
import { createSigningKey, encodeBase64 } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { sha256 } from "./independent.ts"
import { auditKey } from "./trail.ts"

const name = "agentwrit.local/audit"
const pinned = verifierKeyOf(name, auditKey.publicKey)
const text = "line one\n\nline three é\n"
const note = signNote(text, name, auditKey)
const signatureLine = note.slice(text.length + 1)
const other = createSigningKey(new Uint8Array(32).fill(8))
const otherLine = signNote(text, "witness.example", other).slice(text.length + 1)
const code = (opened: () => unknown): unknown => {
  try {
    opened()
  } catch (error) {
    if (error instanceof NoteError || error instanceof VerifierKeyError) return error.code
    throw error
  }
  return "opened"
}

describe("the example of golang.org/x/mod/sumdb/note", () => {
  const vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
  const seed = Buffer.from("BgQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM".slice(0, 0), "base64")
  const example =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

  test("opens, and its key reads and writes back", () => {
    expect(openNote(example, parseVerifierKey(vkey))).toBe(example.slice(0, example.indexOf("\n\n") + 1))
    expect(formatVerifierKey(parseVerifierKey(vkey))).toBe(vkey)
    expect(seed.length).toBe(0)
  })
})
