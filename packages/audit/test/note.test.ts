import {
  formatVerifierKey,
  MAX_NOTE_LENGTH,
  MAX_NOTE_SIGNATURES,
  openNote,
  parseVerifierKey,
  signNote,
  verifierKeyOf,
} from "@agentwrit/audit"
import { createSigningKey, decodeHex, encodeBase64 } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { sha256 } from "./independent.ts"
import { auditKey } from "./trail.ts"

const name = "agentwrit.local/audit"
const pinned = verifierKeyOf(name, auditKey.publicKey)
const text = "line one\n\nline three é\n"
const note = signNote(text, name, auditKey)
const ours = note.slice(text.length + 1)
const otherKey = createSigningKey(new Uint8Array(32).fill(8))
const witness = signNote(text, "witness.example", otherKey).slice(text.length + 1)

/** A signature line as C2SP words it, made of any name, id and signature. */
const line = (by: string, bytes: Uint8Array): string => `— ${by} ${encodeBase64(bytes)}\n`
const failure = (code: string): object => expect.objectContaining({ code })

describe("an example computed by hand", () => {
  // Made with openssl's Ed25519 from the first key of RFC 8032 section 7.1, and SHA-256.
  const key = createSigningKey(decodeHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
  const by = "agentwrit.example/audit"
  const vkey = "agentwrit.example/audit+cd0b55a1+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
  const body = "agentwrit.example/audit\n3\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
  const signature =
    "— agentwrit.example/audit zQtVoaShmQX/4MUzHHYBr3lGFeBzCzZSmOMrfHQ0S+/bhvdrSs12xWYxu5X8VXea5SQ1e07UH7StGV2i48KxasSdfws="

  test("is what signing writes", () => {
    expect(signNote(body, by, key)).toBe(`${body}\n${signature}\n`)
    expect(formatVerifierKey(verifierKeyOf(by, key.publicKey))).toBe(vkey)
  })

  test("opens with the key text", () => {
    expect(openNote(`${body}\n${signature}\n`, parseVerifierKey(vkey))).toBe(body)
  })
})

describe("openNote", () => {
  test("returns what was signed, including empty lines", () => {
    expect(openNote(note, pinned)).toBe(text)
    for (const odd of ["\n", "\n\n", "a\n\n\n", "— a b\n", `${text}\n${ours}`])
      expect(openNote(signNote(odd, name, auditKey), pinned)).toBe(odd)
  })

  test("ignores signatures of other keys at any position", () => {
    expect(openNote(`${text}\n${witness}${ours}`, pinned)).toBe(text)
    expect(openNote(`${text}\n${ours}${witness}`, pinned)).toBe(text)
    // Of the same name or the same id, but not both.
    const sameId = line("someone.else", Uint8Array.of(...decodeHex(pinned.id), ...new Uint8Array(64)))
    const sameName = line(name, new Uint8Array(68))
    const longer = line("post.quantum", new Uint8Array(4900))
    expect(openNote(`${text}\n${sameId}${sameName}${longer}${ours}`, pinned)).toBe(text)
  })

  test("accepts as many post-quantum signatures as the specification requires", () => {
    const many = Array.from({ length: 15 }, (_, i) => line(`witness-${i}`, new Uint8Array(5000).fill(i))).join("")
    expect(openNote(`${text}\n${many}${ours}`, pinned)).toBe(text)
  })

  test.each(["—", "— b", "hello", ""])("refuses %j as a signature line", (line) => {
    expect(() => openNote(`${text}\n${ours}${line}\n`, pinned)).toThrow(/is not of the form|does not end with/)
  })

  test("accepts notes up to the limits", () => {
    expect([MAX_NOTE_LENGTH, MAX_NOTE_SIGNATURES]).toEqual([262_144, 100])
    expect(openNote(`${text}\n${ours.repeat(MAX_NOTE_SIGNATURES)}`, pinned)).toBe(text)
    const long = `${"x".repeat(MAX_NOTE_LENGTH - ours.length - 2)}\n`
    const longest = signNote(long, name, auditKey)
    expect(longest).toHaveLength(MAX_NOTE_LENGTH)
    expect(openNote(longest, pinned)).toBe(long)
    expect(() => signNote(`x${long}`, name, auditKey)).toThrow(TypeError)
    expect(() => openNote(`x${longest}`, pinned)).toThrow(failure("malformed_note"))
  })

  test("refuses a note without the key's signature", () => {
    expect(() => openNote(`${text}\n${witness}`, pinned)).toThrow(failure("note_not_signed_by_key"))
    expect(() => openNote(note, verifierKeyOf(name, otherKey.publicKey))).toThrow(failure("note_not_signed_by_key"))
    expect(() => openNote(note, verifierKeyOf("other.local/audit", auditKey.publicKey))).toThrow(
      failure("note_not_signed_by_key"),
    )
  })

  test("refuses an invalid signature of the key, also beside a valid one", () => {
    const id = decodeHex(pinned.id)
    for (const false_ of [new Uint8Array(64), new Uint8Array(1), new Uint8Array(65)]) {
      const bad = line(name, Uint8Array.of(...id, ...false_))
      expect(() => openNote(`${text}\n${bad}`, pinned)).toThrow(failure("bad_note_signature"))
      expect(() => openNote(`${text}\n${ours}${bad}`, pinned)).toThrow(failure("bad_note_signature"))
      expect(() => openNote(`${text}\n${bad}${ours}`, pinned)).toThrow(failure("bad_note_signature"))
    }
    expect(() => openNote(`another text\n\n${ours}`, pinned)).toThrow(failure("bad_note_signature"))
  })

  test("refuses a note with any single change", () => {
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.constantFrom("", "A", "\n", " ", "—", "=", "\0", "\ud800"), (at, put) => {
        const changed = note.slice(0, at) + put + note.slice(at + 1)
        fc.pre(changed !== note)
        expect(() => openNote(changed, pinned)).toThrow(expect.objectContaining({ name: "NoteError" }))
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ["nothing", ""],
    ["a text alone", text],
    ["a signature line behind a character", `x${ours}`],
    ["an empty line at the end", `${text}\n`],
    ["no line break at the end", note.slice(0, -1)],
    ["a line break too many at the end", `${note}\n`],
    ["a hyphen for the dash", note.replace("— ", "- ")],
    ["two spaces", note.replace("— ", "—  ")],
    ["a space at the end of a line", note.replace(/\n$/, " \n")],
    ["a carriage return", note.replaceAll("\n", "\r\n")],
    ["a tab in the text", note.replace("one", "\tone")],
    ["a NUL in the text", note.replace("one", "\0one")],
    ["an unpaired surrogate", note.replace("é", "\ud800")],
    ["base64 without padding", note.replaceAll("=", "")],
    ["base64 with stray bits", note.replace(/.==?\n$/, (end) => end.replace(/^./, "B"))],
    ["base64url", `${text}\n${ours}— b __-_AAAA\n`],
    ["a signature of an id alone", `${text}\n${ours}${line("b", new Uint8Array(4))}`],
    ["a line that is not a signature beside one that is", `${text}\n${ours}hello\n`],
    ["a name with a plus", `${text}\n${ours}${line("a+b", new Uint8Array(68))}`],
    ["a name with another space", `${text}\n${ours}${line("a\u00a0b", new Uint8Array(68))}`],
    ["an empty name", `${text}\n${ours}${line("", new Uint8Array(68))}`],
    ["too many signatures", `${text}\n${ours.repeat(MAX_NOTE_SIGNATURES + 1)}`],
    ["too long a text", `${"x".repeat(MAX_NOTE_LENGTH)}\n\n${ours}`],
  ])("refuses %s as malformed", (_, malformed) => {
    expect(() => openNote(malformed, pinned)).toThrow(failure("malformed_note"))
  })
})

describe("signNote", () => {
  test.each(["", "no line break", "a\r\n", "a\tb\n", "\0\n", "\ud800\n", `${"x".repeat(MAX_NOTE_LENGTH)}\n`])(
    "refuses a text that cannot stand in a note (%#)",
    (bad) => {
      expect(() => signNote(bad, name, auditKey)).toThrow(TypeError)
    },
  )

  test.each(["", "a b", "a+b", "a\nb", "a\tb", "a\u2003b", "\ud800", "a\0b"])("refuses %j as a name", (bad) => {
    expect(() => signNote(text, bad, auditKey)).toThrow(TypeError)
    expect(() => verifierKeyOf(bad, auditKey.publicKey)).toThrow(TypeError)
  })
})

describe("verifier keys", () => {
  const vkey = formatVerifierKey(pinned)
  const [, id = "", encoded = ""] = vkey.split(/\+(.{8})\+/)
  const keyOf = (bytes: Uint8Array): string =>
    `${name}+${sha256(`${name}\n`, bytes).subarray(0, 4).toString("hex")}+${encodeBase64(bytes)}`

  test("are parsed from their text", () => {
    const read = parseVerifierKey(vkey)
    expect(read.name).toBe(name)
    expect(read.id).toBe(sha256(`${name}\n\x01`, auditKey.publicKey).subarray(0, 4).toString("hex"))
    expect(read.key.publicKey).toEqual(auditKey.publicKey)
    expect(formatVerifierKey(read)).toBe(vkey)
  })

  test("of others are parsed too", () => {
    // The key that every Go toolchain pins for its checksum database.
    const published = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    expect(formatVerifierKey(parseVerifierKey(published))).toBe(published)
  })

  test.each([
    ["nothing", ""],
    ["a name alone", name],
    ["no id", `${name}+${encoded}`],
    ["an empty name", `+${id}+${encoded}`],
    ["a space in the name", `a b+${id}+${encoded}`],
    ["a line break at the end", `${vkey}\n`],
    ["a wrong id", `${name}+00000000+${encoded}`],
    ["an upper-case id", `${name}+${id.toUpperCase()}+${encoded}`],
    ["the id of another name", `b${vkey}`],
    ["another key", vkey.replace(/.$/, (last) => (last === "A" ? "B" : "A"))],
    ["broken base64", vkey.slice(0, -1)],
    [
      "another signature type under the id of this one",
      `${name}+${id}+${encodeBase64(Uint8Array.of(4, ...auditKey.publicKey))}`,
    ],
    ["an ECDSA key", keyOf(Uint8Array.of(2, ...auditKey.publicKey))],
    ["a key of 31 bytes", keyOf(Uint8Array.of(1, ...auditKey.publicKey.subarray(1)))],
    ["a key of zeros, which is of small order", keyOf(Uint8Array.of(1, ...new Uint8Array(32)))],
  ])("refuse %s", (_, bad) => {
    expect(() => parseVerifierKey(bad)).toThrow(failure("malformed_verifier_key"))
  })
})
