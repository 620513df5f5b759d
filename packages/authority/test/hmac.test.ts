import { describe, expect, it } from "vitest"
import { hmacSha256 } from "../src/hmac.ts"

const hex = (text: string) => Buffer.from(text, "hex")

describe("HMAC-SHA256", () => {
  it.each([
    [
      "4.2",
      hex("0b".repeat(20)),
      Buffer.from("Hi There"),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ],
    [
      "4.3",
      Buffer.from("Jefe"),
      Buffer.from("what do ya want for nothing?"),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    [
      "4.4",
      hex("aa".repeat(20)),
      hex("dd".repeat(50)),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ],
    [
      "4.5",
      hex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
      hex("cd".repeat(50)),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ],
  ])("gives the value of RFC 4231, section %s", (_, key, message, expected) => {
    const hmac = hmacSha256(key, message.length)
    hmac("00".repeat(message.length))
    // The second of two, so that nothing of the first is left in it.
    expect(hmac(message.toString("hex"))).toBe(expected)
  })

  it("refuses a key that it would have to hash first", () => {
    expect(() => hmacSha256(new Uint8Array(65), 16)).toThrow(TypeError)
  })

  it.each(["00".repeat(15), "00".repeat(17), "zz".repeat(16), "\u0130".repeat(32), `${"00".repeat(15)}0z`])(
    "refuses a message of another length or that is no hex: %s",
    (message) => {
      const hmac = hmacSha256(new Uint8Array(32), 16)
      hmac("00".repeat(16))
      expect(() => hmac(message)).toThrow(TypeError)
    },
  )
})
