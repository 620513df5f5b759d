import { createRadix64 } from "./base64.ts"

const LOWER_HEX = /^(?:[0-9a-f]{2})*$/

const base64 = /* @__PURE__ */ createRadix64("+/", true)
const base64Url = /* @__PURE__ */ createRadix64("-_", false)

export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0")
  return text
}

export function fromHex(text: string): Uint8Array | undefined {
  if (!LOWER_HEX.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

export function toBase64(bytes: Uint8Array): string {
  return base64.encode(bytes)
}

export function fromBase64(text: string): Uint8Array | undefined {
  return base64.decode(text)
}

export function toBase64Url(bytes: Uint8Array): string {
  return base64Url.encode(bytes)
}

export function fromBase64Url(text: string): Uint8Array | undefined {
  return base64Url.decode(text)
}
