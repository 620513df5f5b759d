import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  decodeBase64,
  decodeBase64Url,
  decodeHex,
  decodeUtf8,
  EncodingError,
  encodeBase64,
  encodeBase64Url,
  encodeHex,
  encodeUtf8,
  revocationDigest,
  sha256,
} from "../src/index.ts"
import * as nodeEncoding from "../src/platform/encoding-node.ts"
import * as portableEncoding from "../src/platform/encoding-portable.ts"
import * as nodePlatform from "../src/platform/node.ts"
import * as portablePlatform from "../src/platform/portable.ts"
import type { EncodingPrimitives, PlatformPrimitives } from "../src/platform/primitives.ts"

const native: EncodingPrimitives & Pick<PlatformPrimitives, "sha256" | "sha256OfText"> = {
  ...nodePlatform,
  ...nodeEncoding,
}
const portable: EncodingPrimitives & Pick<PlatformPrimitives, "sha256" | "sha256OfText"> = {
  ...portablePlatform,
  ...portableEncoding,
}
const platforms = [
  ["native", native],
  ["portable", portable],
] as const

// RFC 4648 section 10.
const rfc4648 = [
  ["", "", ""],
  ["f", "Zg==", "66"],
  ["fo", "Zm8=", "666f"],
  ["foo", "Zm9v", "666f6f"],
  ["foob", "Zm9vYg==", "666f6f62"],
  ["fooba", "Zm9vYmE=", "666f6f6261"],
  ["foobar", "Zm9vYmFy", "666f6f626172"],
] as const

describe.each(platforms)("%s encodings", (_name, platform) => {
  it.each(rfc4648)("of %j are those of RFC 4648", (text, base64, hex) => {
    const bytes = encodeUtf8(text)
    expect(platform.toBase64(bytes)).toBe(base64)
    expect(platform.fromBase64(base64)).toEqual(bytes)
    expect(platform.toBase64Url(bytes)).toBe(base64.replaceAll("=", ""))
    expect(platform.fromBase64Url(base64.replaceAll("=", ""))).toEqual(bytes)
    expect(platform.toHex(bytes)).toBe(hex)
    expect(platform.fromHex(hex)).toEqual(bytes)
  })

  it("use the alphabets of RFC 4648 sections 4 and 5", () => {
    const bytes = Uint8Array.of(0xfb, 0xff, 0xbf)
    expect(platform.toBase64(bytes)).toBe("+/+/")
    expect(platform.toBase64Url(bytes)).toBe("-_-_")
  })

  it.each([
    ["Zg", "padding missing"],
    ["Zg=", "padding too short"],
    ["Zg===", "padding too long"],
    ["Zh==", "stray bits"],
    ["Zm9=", "stray bits"],
    ["Zm9v\n", "line break"],
    [" Zm9v", "space"],
    ["Zm 9v", "space within"],
    ["-_-_", "URL alphabet"],
    ["Zm9vYg==Zg==", "padding within"],
    ["=", "padding alone"],
    ["====", "padding alone"],
    ["Z", "half a byte"],
    ["Zm9é", "not ASCII"],
    ["Zm9\u015a", "low byte of a letter"],
  ])("refuse %j as base64: %s", (text) => {
    expect(platform.fromBase64(text)).toBeUndefined()
  })

  it.each([["Zg=="], ["Zh"], ["Zm9"], ["+/+/"], ["Zm9v\n"], ["Z"], ["Zm9vY"], ["Zm9\u015a"]])(
    "refuse %j as base64url",
    (text) => {
      expect(platform.fromBase64Url(text)).toBeUndefined()
    },
  )

  it.each([["0"], ["0g"], ["AB"], ["aB"], [" ab"], ["ab "], ["0x"], ["ab\n"], ["ab:cd"], ["+1"], ["1 "], ["é0"]])(
    "refuse %j as hex",
    (text) => {
      expect(platform.fromHex(text)).toBeUndefined()
    },
  )

  it("return plain bytes that share no memory", () => {
    const results = [
      platform.fromHex("0102"),
      platform.fromBase64("AQI="),
      platform.fromBase64Url("AQI"),
      platform.sha256(new Uint8Array(3), []),
      platform.sha256OfText("abc"),
    ]
    for (const bytes of results) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
      expect(bytes?.buffer.byteLength).toBe(bytes?.length)
    }
  })

  it("hash like FIPS 180-4, in one part or several", () => {
    const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    expect(platform.toHex(platform.sha256(encodeUtf8("abc"), []))).toBe(abc)
    expect(platform.toHex(platform.sha256(encodeUtf8("a"), [encodeUtf8(""), encodeUtf8("bc")]))).toBe(abc)
    expect(platform.toHex(platform.sha256(new Uint8Array(), []))).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
  })

  it("hash a text as its UTF-8 bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
        expect(platform.sha256OfText(text)).toEqual(platform.sha256(encodeUtf8(text), []))
      }),
    )
  })
})

describe("both platforms", () => {
  it("encode to the same text and decode it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const [to, from] of [
          ["toHex", "fromHex"],
          ["toBase64", "fromBase64"],
          ["toBase64Url", "fromBase64Url"],
        ] as const) {
          const text = native[to](bytes)
          expect(portable[to](bytes)).toBe(text)
          expect(native[from](text)).toEqual(bytes)
          expect(portable[from](text)).toEqual(bytes)
        }
        expect(portable.sha256(bytes, [bytes])).toEqual(native.sha256(bytes, [bytes]))
      }),
    )
  })

  it("accept and refuse the same texts", () => {
    const text = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.stringMatching(/^[A-Za-z0-9+/_-]{0,9}={0,3}$/),
      fc.stringMatching(/^[0-9a-fA-F]{0,8}$/),
    )
    fc.assert(
      fc.property(text, (one) => {
        for (const from of ["fromHex", "fromBase64", "fromBase64Url"] as const)
          expect(portable[from](one)).toEqual(native[from](one))
      }),
      { numRuns: 5000 },
    )
  })
})

describe("the package's functions", () => {
  it("encode and decode", () => {
    const bytes = Uint8Array.of(0, 1, 250, 255)
    expect(decodeHex(encodeHex(bytes))).toEqual(bytes)
    expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
    expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes)
    expect(encodeHex(sha256(encodeUtf8("ab"), encodeUtf8("c")))).toMatch(/^ba7816bf/)
  })

  it("encode a view by its own bounds", () => {
    const view = Uint8Array.of(1, 2, 3, 4).subarray(1, 3)
    expect([encodeHex(view), encodeBase64(view), encodeBase64Url(view)]).toEqual(["0203", "AgM=", "AgM"])
    expect(sha256(view)).toEqual(sha256(Uint8Array.of(2, 3)))
  })

  it.each([
    ["invalid_hex", () => decodeHex("AB")],
    ["invalid_base64", () => decodeBase64("Zg")],
    ["invalid_base64url", () => decodeBase64Url("Zg==")],
    ["invalid_hex", () => decodeHex([] as never)],
    ["invalid_utf8", () => decodeUtf8(Uint8Array.of(0xff))],
    ["invalid_utf8", () => decodeUtf8(Uint8Array.of(0xed, 0xa0, 0x80))],
    ["invalid_utf8", () => decodeUtf8(Uint8Array.of(0xc0, 0x80))],
    ["ill_formed_text", () => encodeUtf8("a\ud800")],
    ["ill_formed_text", () => revocationDigest("task", "a\ud800")],
  ])("throw %s", (code, run) => {
    expect(run).toThrow(EncodingError)
    expect(run).toThrow(expect.objectContaining({ code }))
  })

  it("keep a byte order mark, so that bytes and text correspond one to one", () => {
    const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)
    expect(encodeUtf8(decodeUtf8(bytes))).toEqual(bytes)
  })

  it("map well-formed text to UTF-8 and back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => void expect(decodeUtf8(encodeUtf8(text))).toBe(text)),
    )
  })
})
