const LOWER_HEX = /^(?:[0-9a-f]{2})*$/

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
  let binary = ""
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

export function fromBase64(text: string): Uint8Array | undefined {
  return exact(text, text, toBase64)
}

export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

export function fromBase64Url(text: string): Uint8Array | undefined {
  return exact(text, text.replaceAll("-", "+").replaceAll("_", "/"), toBase64Url)
}

// atob ignores spaces and missing padding, so only text that re-encodes to itself is accepted.
function exact(text: string, base64: string, encode: (bytes: Uint8Array) => string): Uint8Array | undefined {
  let binary: string
  try {
    binary = atob(base64)
  } catch {
    return undefined
  }
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  return encode(bytes) === text ? bytes : undefined
}
