import { Buffer } from "node:buffer"

export function toHex(bytes: Uint8Array): string {
  return view(bytes).toString("hex")
}

export function fromHex(text: string): Uint8Array | undefined {
  return exact(text, "hex")
}

export function toBase64(bytes: Uint8Array): string {
  return view(bytes).toString("base64")
}

export function fromBase64(text: string): Uint8Array | undefined {
  return exact(text, "base64")
}

export function toBase64Url(bytes: Uint8Array): string {
  return view(bytes).toString("base64url")
}

export function fromBase64Url(text: string): Uint8Array | undefined {
  return exact(text, "base64url")
}

// Buffer's decoders skip unknown characters, so only text that re-encodes to itself is accepted. The result is a copy,
// because small Buffers share a pool.
function exact(text: string, encoding: "hex" | "base64" | "base64url"): Uint8Array | undefined {
  const bytes = Buffer.from(text, encoding)
  return bytes.toString(encoding) === text ? new Uint8Array(bytes) : undefined
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
