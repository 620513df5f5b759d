/**
 * Checks that run before both implementations of the curve, so that both see the same keys and signatures. All numbers
 * are little-endian bytes (RFC 8032 section 5.1.2). Nothing here is secret, so nothing needs constant time.
 */

/** p = 2^255 − 19, the field's prime. */
const FIELD_PRIME = littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed")
/** L, the order of the base point. */
const GROUP_ORDER = littleEndian("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed")

/** The y coordinates of the eight points of small order: 1 (order 1), p − 1 (2), 0 (4), and two of order 8. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  littleEndian("0000000000000000000000000000000000000000000000000000000000000000"),
  littleEndian("0000000000000000000000000000000000000000000000000000000000000001"),
  littleEndian("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"),
  littleEndian("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"),
  littleEndian("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"),
]

/**
 * Why these bytes are refused as a public key; `undefined` when they are accepted. A point off the curve is accepted:
 * it verifies nothing in either implementation.
 */
export function publicKeyFault(publicKey: Uint8Array): string | undefined {
  if (publicKey.length !== 32) return `is ${publicKey.length} bytes long, not 32`
  // The highest bit is the sign of x.
  const y = publicKey.map((byte, i) => (i === 31 ? byte & 0x7f : byte))
  if (!isBelow(y, FIELD_PRIME, 0)) return "is not in canonical form"
  // With a key of small order, one signature can be valid for many messages.
  if (isSmallOrder(publicKey)) return "is a point of small order"
  return undefined
}

/**
 * Whether a signature is 64 bytes with S < L (RFC 8032 section 5.1.7), and its R is not of small order. A larger S
 * would be a second encoding of the same signature; versions of OpenSSL disagree about R of small order (CONTRACT 2).
 */
export function isAcceptableSignature(signature: Uint8Array): boolean {
  return signature.length === 64 && isBelow(signature, GROUP_ORDER, 32) && !isSmallOrder(signature)
}

/** Whether the first 32 bytes encode a point of small order. The highest bit is the sign of x. */
function isSmallOrder(bytes: Uint8Array): boolean {
  return SMALL_ORDER_Y.some((y) => y.every((byte, i) => byte === ((bytes[i] ?? 0) & (i === 31 ? 0x7f : 0xff))))
}

/** Whether the 32 bytes from `offset` on are a number below the bound. */
function isBelow(bytes: Uint8Array, bound: Uint8Array, offset: number): boolean {
  const differing = bound.findLastIndex((byte, i) => bytes[offset + i] !== byte)
  // Equal numbers have no differing byte (-1): both sides are then 0, and 0 < 0 is false.
  return (bytes[offset + differing] ?? 0) < (bound[differing] ?? 0)
}

function littleEndian(hex: string): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(62 - 2 * i, 64 - 2 * i), 16))
}
