import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import type { Random } from "@agentwrit/testing/random"

/** What an attacker may hold. The broker's own key is included, to sign tokens with false content. */
export interface Loot {
  /** A valid token of an operator. */
  readonly token: string
  /** The raw 32 bytes of the broker's public key. */
  readonly publicKey: Buffer
  readonly brokerKey: KeyObject
  /** A message of the revocation feed, which the same key signed. */
  readonly feedMessage: string
}

type Members = Record<string, unknown>

/** Tokens that must be refused, by name. */
export function attackTokens({ token, publicKey, brokerKey, feedMessage }: Loot): Record<string, string> {
  const [head = "", payload = "", seal = ""] = token.split(".")
  const header: Members = tokenPart(token, 0)
  const claims: Members = tokenPart(token, 1)
  const claimsText = JSON.stringify(claims)
  const attacker = generateKeyPairSync("ed25519")
  const jwk = attacker.publicKey.export({ format: "jwk" })
  const made: Record<string, string> = { "another document of the same key": feedMessage }

  for (const alg of ["none", "None", ""]) made[`alg ${alg}`] = `${encode({ ...header, alg })}.${payload}.`
  for (const secret of [publicKey, publicKey.toString("base64url"), ""]) {
    const input = `${encode({ ...header, alg: "HS256" })}.${payload}`
    const mac = createHmac("sha256", secret).update(input).digest("base64url")
    made[`HMAC under ${secret.length} bytes`] = `${input}.${mac}`
  }

  const headers: (Members | string)[] = [
    ...["HS256", "RS256", "ES256", "Ed448", "Ed25519", "eddsa"].map((alg) => ({ ...header, alg })),
    ...["", "../../dev/null", "__proto__", "\u0000", null, 0, [], {}, [header["kid"]]].map((kid) => ({
      ...header,
      kid,
    })),
    { ...header, kid: "https://attacker.example/kid" },
    { ...header, crit: ["exp"] },
    { ...header, typ: "agentwrit-revocations+jwt" },
    { alg: header["alg"], typ: header["typ"] },
    JSON.stringify(header).replace("{", '{"alg":"none",'),
    JSON.stringify(header).replace(":", ": "),
  ]
  for (const one of headers) made[`header ${JSON.stringify(one)}`] = signed(one, claims, brokerKey)
  for (const more of [{}, { jwk }, { jku: "https://attacker.example/jwks" }, { x5u: "https://attacker.example/x5u" }])
    for (const kid of [header["kid"], "A".repeat(43)])
      made[`attacker's key, ${JSON.stringify({ ...more, kid })}`] = signed(
        { ...header, ...more, kid },
        claims,
        attacker.privateKey,
      )

  const bytes = Buffer.from(seal, "base64url")
  const identity = Buffer.from(`01${"00".repeat(63)}`, "hex")
  for (const other of [
    plusOrder(bytes),
    identity,
    Buffer.alloc(64),
    bytes.subarray(0, 63),
    Buffer.concat([bytes, bytes]),
  ])
    made[`signature ${other.toString("hex")}`] = `${head}.${payload}.${other.toString("base64url")}`

  // A token has one spelling, so that it has one name (CONTRACT 2).
  const spellings = [
    `${token}==`,
    token.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(token.slice(-1)) ^ 1),
    ` ${token}`,
    `${token}\n`,
    `${token}\u0000`,
    `${token}.e30`,
    `${head}..${seal}`,
  ]
  for (const [at, spelling] of spellings.entries()) made[`spelling ${at}`] = spelling

  const payloads: unknown[] = [
    claimsText.replace("{", '{"kind":"agent",'),
    claimsText.replace("{", '{"\\u006bind":"agent",'),
    claimsText.replace(/\}$/, ',"exp":9999999999}'),
    claimsText.replace(",", ", "),
    "[]",
    "",
    ...['"root"', "null", '["admin"]', '"Admin"'].map((value) => withClaim(claims, "kind", value)),
    ...["null", '"admin:audit:*"', "[]", '["*:*:*"]', "[null]"].map((value) => withClaim(claims, "scope", value)),
    withClaim(claims, "exp", "0"),
    withClaim(claims, "nbf", "9000000000"),
    withClaim(claims, "jti", '"short"'),
    withClaim(claims, "sub", '"app:nobody"'),
    withClaim(claims, "iss", "7"),
  ]
  for (const name of ["exp", "nbf", "iat"])
    for (const value of 'NaN 1e400 1e300 9007199254740993 1.5 -1 null "9999999999" [9999999999]'.split(" "))
      payloads.push(withClaim(claims, name, value))
  for (const one of payloads) made[`claims ${one}`] = signed(header, one, brokerKey)
  return made
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")

function signed(header: unknown, payload: unknown, key: KeyObject): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`
}

/** The claims as text, with one value that JSON may not allow. */
const withClaim = (claims: Members, name: string, value: string): string =>
  JSON.stringify({ ...claims, [name]: "\uffff" }).replace('"\uffff"', () => value)

/** The order of the group, which bounds S (RFC 8032). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** The same signature with S + L: valid for a verifier that does not bound S. */
function plusOrder(signature: Buffer): Buffer {
  const malleable = Buffer.from(signature)
  let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + ORDER
  for (let at = 32; at < 64; at++, s >>= 8n) malleable[at] = Number(s & 255n)
  return malleable
}

/** The last character of a signature holds bits that are not used. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** A token with one random change. */
export function mutatedToken(token: string, random: Random): string {
  const at = random.integer(0, token.length - 1)
  if (random.chance(0.2)) return token.slice(0, at)
  return token.slice(0, at) + String.fromCharCode(random.integer(33, 126)) + token.slice(at + 1)
}
