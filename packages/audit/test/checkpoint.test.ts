import { openCheckpoint, RightEdge, signCheckpoint, signNote, verifierKeyOf } from "@agentwrit/audit"
import { encodeBase64 } from "@agentwrit/core"
import { describe, expect, test } from "vitest"
import { auditKey, trail } from "./trail.ts"

const origin = "agentwrit.local/audit"
const pinned = verifierKeyOf(origin, auditKey.publicKey)
const root = trail(5).edge.root()
const base64 = encodeBase64(root)

describe("checkpoints", () => {
  test.each([0, 1, 5, 20_852_163, Number.MAX_SAFE_INTEGER])("of %d events open with what was signed", (size) => {
    const note = signCheckpoint({ origin, size, root }, auditKey)
    expect(note.startsWith(`${origin}\n${size}\n${base64}\n\n— ${origin} `)).toBe(true)
    expect(openCheckpoint(note, pinned)).toStrictEqual({ origin, size, root })
  })

  test("of an empty trail have the root of no leaves", () => {
    expect(signCheckpoint({ origin, size: 0, root: new RightEdge().root() }, auditKey)).toContain(
      "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
    )
  })

  test("may have extension lines, which are ignored", () => {
    const note = signNote(`${origin}\n5\n${base64}\nextra one\nextra two\n`, origin, auditKey)
    expect(openCheckpoint(note, pinned)).toStrictEqual({ origin, size: 5, root })
  })

  test.each([
    ["no root", `${origin}\n5\n`],
    ["an empty line", `${origin}\n5\n${base64}\n\n`],
    ["an empty origin", `\n5\n${base64}\n`],
    ["a leading zero", `${origin}\n05\n${base64}\n`],
    ["a sign", `${origin}\n+5\n${base64}\n`],
    ["a fraction", `${origin}\n5.0\n${base64}\n`],
    ["an exponent", `${origin}\n5e3\n${base64}\n`],
    ["a hex size", `${origin}\n0x5\n${base64}\n`],
    ["a space", `${origin}\n5 \n${base64}\n`],
    ["other digits", `${origin}\n٥\n${base64}\n`],
    ["a size beyond 2^53", `${origin}\n9007199254740992\n${base64}\n`],
    ["a root without padding", `${origin}\n5\n${base64.replace("=", "")}\n`],
    ["a root of 31 bytes", `${origin}\n5\n${encodeBase64(new Uint8Array(31))}\n`],
    ["a root of 33 bytes", `${origin}\n5\n${encodeBase64(new Uint8Array(33))}\n`],
    ["a hex root", `${origin}\n5\n${"a".repeat(64)}\n`],
  ])("with %s are refused, even if signed", (_, text) => {
    expect(() => openCheckpoint(signNote(text, origin, auditKey), pinned)).toThrow(
      expect.objectContaining({ name: "CheckpointError", code: "malformed_checkpoint" }),
    )
  })

  test.each([
    ["", "has fewer than three lines"],
    ["5\n", "has fewer than three lines"],
    [`5\n${base64.replace("=", "")}\n`, "root is not padded standard base64"],
    [`5\n${base64.slice(0, -4)}\n`, "root is not 32 bytes"],
  ])("report what is missing: %j", (rest, fault) => {
    expect(() => openCheckpoint(signNote(`${origin}\n${rest}`, origin, auditKey), pinned)).toThrow(fault)
  })

  test("of another trail are refused, even if signed by the key", () => {
    expect(() => openCheckpoint(signNote(`other.local/audit\n5\n${base64}\n`, origin, auditKey), pinned)).toThrow(
      expect.objectContaining({ code: "checkpoint_origin_mismatch" }),
    )
  })

  test("are refused without a valid signature", () => {
    const note = signCheckpoint({ origin, size: 5, root }, auditKey)
    expect(() => openCheckpoint(note.replace("\n5\n", "\n4\n"), pinned)).toThrow(
      expect.objectContaining({ name: "NoteError", code: "bad_note_signature" }),
    )
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 53])("are not signed for %d events", (size) => {
    expect(() => signCheckpoint({ origin, size, root }, auditKey)).toThrow(TypeError)
  })

  test("are not signed for an invalid root or origin", () => {
    expect(() => signCheckpoint({ origin, size: 1, root: new Uint8Array(31) }, auditKey)).toThrow(TypeError)
    for (const bad of ["", "a b", `${origin}\n9`])
      expect(() => signCheckpoint({ origin: bad, size: 1, root }, auditKey)).toThrow(TypeError)
  })
})
