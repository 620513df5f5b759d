// Writes the vectors beside this file: `node packages/core/test/vectors/generate.ts`. They cover each class of case of
// the vectors of others (C2SP wycheproof and CCTV), which are not part of the repository. Nothing here uses the
// package: signatures are by node:crypto, special points by noble, and each verdict follows from how the case is made.
import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto"
import { writeFileSync } from "node:fs"
import { Point } from "@noble/ed25519"

/** A signature and whether it is valid by CONTRACT 2. */
export interface SignatureVector {
  readonly name: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly valid: boolean
}

/** A compact JWS of the type JWT, for the key of the file, and whether it is accepted. */
export interface JwsVector {
  readonly name: string
  readonly jws: unknown
  readonly valid: boolean
}

/** A JWK and whether it is accepted. */
export interface JwkVector {
  readonly name: string
  readonly jwk: unknown
  readonly valid: boolean
}

const { n: ORDER, p: PRIME } = Point.CURVE()
/** A point of order 8. */
const TORSION = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex")

interface Key {
  readonly publicKey: Buffer
  /** The secret scalar (RFC 8032 section 5.1.5). */
  readonly scalar: bigint
  readonly sign: (message: Uint8Array) => Buffer
}

function keyOf(fill: number): Key {
  const seed = Buffer.alloc(32, fill)
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" })
  const half = createHash("sha512").update(seed).digest().subarray(0, 32)
  half[0] = (half[0] ?? 0) & 248
  half[31] = ((half[31] ?? 0) & 127) | 64
  return {
    publicKey: createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32),
    scalar: fromBytes(half) % ORDER,
    sign: (message) => sign(null, message, key),
  }
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`)
}

function toBytes(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse()
}

/** k of RFC 8032 section 5.1.7. */
function challenge(r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  return fromBytes(createHash("sha512").update(r).update(publicKey).update(message).digest()) % ORDER
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const key = keyOf(0x41)
const other = keyOf(0x42)

function signatureVectors(): SignatureVector[] {
  const vectors: SignatureVector[] = []
  const add = (name: string, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, valid: boolean) => {
    vectors.push({ name, publicKey: hex(publicKey), message: hex(message), signature: hex(signature), valid })
  }
  for (const length of [0, 1, 32, 200]) {
    const message = Buffer.alloc(length, length)
    for (const one of [key, other]) add(`valid, ${length} bytes`, one.publicKey, message, one.sign(message), true)
  }
  const message = Buffer.from("the message")
  const good = key.sign(message)
  const [r, s] = [good.subarray(0, 32), good.subarray(32)]
  const edited = (edit: (bytes: Buffer) => void): Buffer => {
    const copy = Buffer.from(good)
    edit(copy)
    return copy
  }
  const refuse = (name: string, signature: Uint8Array) => add(name, key.publicKey, message, signature, false)
  add("another message", key.publicKey, Buffer.from("the massage"), good, false)
  add("another key", other.publicKey, message, good, false)
  for (const bit of [0, 127, 255, 256, 400, 511])
    refuse(
      `signature with bit ${bit} flipped`,
      edited((copy) => (copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7)))),
    )
  for (const length of [0, 32, 63]) refuse(`signature cut to ${length} bytes`, good.subarray(0, length))
  refuse("signature with a byte more", Buffer.concat([good, Buffer.alloc(1)]))
  refuse("signature of zeros", Buffer.alloc(64))
  refuse("R and S swapped", Buffer.concat([s, r]))
  for (const times of [1n, 2n, 8n]) refuse(`S + ${times} L`, Buffer.concat([r, toBytes(fromBytes(s) + times * ORDER)]))
  refuse("S = L", Buffer.concat([r, toBytes(ORDER)]))
  refuse("S of ones", Buffer.concat([r, Buffer.alloc(32, 255)]))
  refuse("R that is not on the curve", Buffer.concat([toBytes(2n), s]))
  refuse("R in a non-canonical encoding", Buffer.concat([toBytes(PRIME + 1n), s]))

  // With R of small order and S = k a, the equation holds up to the cofactor; with R = 0 it holds exactly.
  for (let order8 = 0n; order8 < 8n; order8++) {
    const smallR = (order8 === 0n ? Point.ZERO : TORSION.multiply(order8)).toBytes()
    const k = challenge(smallR, key.publicKey, message)
    refuse(`R of small order: ${order8} T`, Buffer.concat([smallR, toBytes((k * key.scalar) % ORDER)]))
    // With a key of small order, S B = R + k A can hold for many messages.
    const nonce = 12_345n
    const wholeR = Point.BASE.multiply(nonce).toBytes()
    add(`key of small order: ${order8} T`, smallR, message, Buffer.concat([wholeR, toBytes(nonce)]), false)
  }
  add("key in a non-canonical encoding", toBytes(PRIME + 3n), message, good, false)
  add("key that is not on the curve", toBytes(2n), message, good, false)

  // Points of mixed order: the equation with the cofactor always holds, without it only where 8 divides k.
  const mixedKey = Point.fromBytes(key.publicKey).add(TORSION).toBytes()
  for (const isMultiple of [true, false]) {
    for (let nonce = 1n; ; nonce++) {
      const nonceR = Point.BASE.multiply(nonce).toBytes()
      const k = challenge(nonceR, mixedKey, message)
      if ((k % 8n === 0n) !== isMultiple) continue
      const signature = Buffer.concat([nonceR, toBytes((nonce + k * key.scalar) % ORDER)])
      add(`key of mixed order, k ${isMultiple ? "" : "not "}divisible by 8`, mixedKey, message, signature, isMultiple)
      break
    }
  }
  const nonce = 54_321n
  const mixedR = Point.BASE.multiply(nonce).add(TORSION).toBytes()
  const k = challenge(mixedR, key.publicKey, message)
  refuse("R of mixed order", Buffer.concat([mixedR, toBytes((nonce + k * key.scalar) % ORDER)]))
  return vectors
}

const encode = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64url")
const x = encode(key.publicKey)
const kid = createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url")
const jwk = { kty: "OKP", crv: "Ed25519", x, kid, use: "sig", alg: "EdDSA" }

function jwsVectors(): { readonly jwk: object; readonly vectors: JwsVector[] } {
  const header = `{"alg":"EdDSA","typ":"JWT","kid":"${kid}"}`
  const payload = '{"sub":"someone"}'
  const signed = (head: string, body: string): string => {
    const input = `${encode(head)}.${encode(body)}`
    return `${input}.${encode(key.sign(Buffer.from(input)))}`
  }
  const good = signed(header, payload)
  const [h = "", p = "", s = ""] = good.split(".")
  const hmac = (head: string): string =>
    `${encode(head)}.${p}.${createHmac("sha256", key.publicKey)
      .update(`${encode(head)}.${p}`)
      .digest("base64url")}`
  const strayBits = (part: string): string =>
    part.slice(0, -1) + String.fromCharCode(part.charCodeAt(part.length - 1) + 1)
  const refused: readonly (readonly [string, unknown])[] = [
    ["alg none, no signature", `${encode('{"alg":"none"}')}.${p}.`],
    ["alg none, a signature", `${encode('{"alg":"none"}')}.${p}.${s}`],
    ["alg HS256 keyed with the public key", hmac(`{"alg":"HS256","typ":"JWT","kid":"${kid}"}`)],
    ["alg Ed25519", signed(header.replace("EdDSA", "Ed25519"), payload)],
    ["alg ES256", signed(header.replace("EdDSA", "ES256"), payload)],
    ["another typ", signed(header.replace("JWT", "at+jwt"), payload)],
    ["no kid", signed('{"alg":"EdDSA","typ":"JWT"}', payload)],
    ["another kid", signed(header.replace(kid, "A".repeat(43)), payload)],
    ["members in another order", signed(`{"typ":"JWT","alg":"EdDSA","kid":"${kid}"}`, payload)],
    ["a space in the header", signed(header.replace(",", ", "), payload)],
    ["a member more", signed(header.replace("}", ',"crit":["b64"],"b64":false}'), payload)],
    ["a key in the header", signed(header.replace("}", `,"jwk":${JSON.stringify(jwk)}}`), payload)],
    ["a duplicate member", signed(header.replace("}", ',"alg":"EdDSA"}'), payload)],
    ["a header that is not JSON", signed("EdDSA", payload)],
    ["another payload", `${h}.${encode('{"sub":"another"}')}.${s}`],
    ["another key", `${h}.${p}.${encode(other.sign(Buffer.from(`${h}.${p}`)))}`],
    ["a changed signature", `${h}.${p}.${encode(key.sign(Buffer.from("other")))}`],
    ["no signature", `${h}.${p}.`],
    ["a short signature", `${h}.${p}.${s.slice(0, -4)}`],
    ["a long signature", `${h}.${p}.${s}AAAA`],
    ["padding", `${h}.${p}.${s}==`],
    ["padding of the payload", `${h}.${p}=.${s}`],
    ["stray bits in the signature", `${h}.${p}.${strayBits(s)}`],
    ["a space before", ` ${good}`],
    ["a line break after", `${good}\n`],
    ["a space in the payload", `${h}.${p.slice(0, 4)} ${p.slice(4)}.${s}`],
    ["the standard alphabet", `${h}.${p}.${s.replaceAll("-", "+").replaceAll("_", "/")}+`],
    ["two parts", `${h}.${p}`],
    ["four parts", `${good}.${s}`],
    ["five parts, as encrypted", `${h}.${p}.${s}.${s}.${s}`],
    ["the empty text", ""],
    ["JSON serialization", JSON.stringify({ protected: h, payload: p, signature: s })],
    ["an object", { protected: h, payload: p, signature: s }],
  ]
  return {
    jwk,
    vectors: [
      { name: "valid", jws: good, valid: true },
      { name: "valid, empty payload", jws: signed(header, ""), valid: true },
      ...refused.map(([name, jws]) => ({ name, jws, valid: false })),
    ],
  }
}

function jwkVectors(): JwkVector[] {
  const { kid: _, ...anonymous } = jwk
  const pointX = (point: Uint8Array): object => ({ ...anonymous, x: encode(point) })
  const refused: readonly (readonly [string, unknown])[] = [
    ["kty EC", { ...jwk, kty: "EC" }],
    ["kty RSA", { kty: "RSA", n: encode(Buffer.alloc(256, 0xc3)), e: "AQAB", alg: "RS256" }],
    ["kty oct", { kty: "oct", k: x, alg: "HS256" }],
    ["crv Ed448", { ...jwk, crv: "Ed448" }],
    ["crv X25519", { ...jwk, crv: "X25519" }],
    ["crv P-256", { kty: "EC", crv: "P-256", x, y: x }],
    ["alg ES256", { ...jwk, alg: "ES256" }],
    ["use enc", { ...jwk, use: "enc" }],
    ["key_ops without verify", { ...jwk, key_ops: ["sign"] }],
    ["a private key", { ...jwk, d: x }],
    ["another kid", { ...jwk, kid: "A".repeat(43) }],
    ["no x", { ...anonymous, x: undefined }],
    ["x of 31 bytes", pointX(key.publicKey.subarray(1))],
    ["x of 33 bytes", pointX(Buffer.concat([key.publicKey, Buffer.alloc(1)]))],
    ["x with padding", { ...anonymous, x: `${x}=` }],
    ["x in hex", { ...anonymous, x: hex(key.publicKey) }],
    ["x of small order", pointX(TORSION.toBytes())],
    ["x of zeros", pointX(Buffer.alloc(32))],
    ["x in a non-canonical encoding", pointX(toBytes(PRIME + 3n))],
    ["a list", [jwk]],
    ["null", null],
    ["a text", JSON.stringify(jwk)],
  ]
  return [
    { name: "valid", jwk, valid: true },
    { name: "valid with the required members only", jwk: { kty: "OKP", crv: "Ed25519", x }, valid: true },
    { name: "valid with key_ops", jwk: { ...jwk, key_ops: ["verify"] }, valid: true },
    ...refused.map(([name, value]) => ({ name, jwk: value, valid: false })),
  ]
}

/** The content of each file. */
export const FILES: Readonly<Record<string, () => unknown>> = {
  "ed25519.json": signatureVectors,
  "jws.json": jwsVectors,
  "jwk.json": jwkVectors,
}

if (import.meta.main)
  for (const [name, vectors] of Object.entries(FILES))
    writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(vectors(), undefined, 1)}\n`)
