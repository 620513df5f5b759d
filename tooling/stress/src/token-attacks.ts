import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import type { Random } from "./random.ts"

/** What an attacker may hold. The broker's own key is included, to sign tokens with false content. */
export interface Loot {
  /** A valid token of an operator. */
  readonly token: string
  /** The raw 32 bytes of the broker's public key. */
  readonly publicKey: Buffer
  readonly brokerKey: KeyObject
  /** A server of the attacker, which nobody may ask for keys. */
  readonly keyServer: string
  /** A message of the revocation feed, which the same key signed. */
  readonly feedMessage: string
}

/** A token that must be refused. */
export interface TokenAttack {
  readonly name: string
  make(loot: Loot): string
}

type Members = Record<string, unknown>

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")

function signed(header: unknown, payload: unknown, key: KeyObject): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`
}

const attacker = generateKeyPairSync("ed25519")
const attackerJwk = attacker.publicKey.export({ format: "jwk" })
const attackerKid = createHash("sha256")
  .update(`{"crv":"Ed25519","kty":"OKP","x":"${attackerJwk.x}"}`)
  .digest("base64url")

/** The order of the group, which bounds S (RFC 8032). */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** The neutral point: as a key, it makes R = itself and S = 0 a signature of everything. */
const IDENTITY = Buffer.from(`01${"00".repeat(31)}`, "hex")

/** Another header, signed by the broker's key or by the attacker's. */
const header = (name: string, change: (header: Members, loot: Loot) => unknown, by?: KeyObject): TokenAttack => ({
  name: `header: ${name}`,
  make: (loot) => signed(change(tokenPart(loot.token, 0), loot), tokenPart(loot.token, 1), by ?? loot.brokerKey),
})

const ownKey = (name: string, change: (header: Members, loot: Loot) => unknown): TokenAttack =>
  header(`attacker's key, ${name}`, change, attacker.privateKey)

/** Other claims, signed by the broker's key. */
const claims = (name: string, change: (claims: Members) => unknown): TokenAttack => ({
  name: `claims: ${name}`,
  make: (loot) => signed(tokenPart(loot.token, 0), change(tokenPart(loot.token, 1)), loot.brokerKey),
})

/** One claim with another value, which may be no JSON value. */
const claim = (name: string, value: string): TokenAttack =>
  claims(`${name} is ${value}`, (all) => JSON.stringify({ ...all, [name]: "\uffff" }).replace('"\uffff"', () => value))

/** Another signature of the same content. */
const signature = (name: string, change: (signature: Buffer) => Buffer): TokenAttack => ({
  name: `signature: ${name}`,
  make({ token }) {
    const [head, payload, seal = ""] = token.split(".")
    return `${head}.${payload}.${change(Buffer.from(seal, "base64url")).toString("base64url")}`
  },
})

/** An HMAC under something public, for a verifier that believes the header's HS256. */
const hmac = (name: string, secret: (loot: Loot) => string | Buffer): TokenAttack => ({
  name: `HMAC under ${name}`,
  make(loot) {
    const input = `${encode({ ...tokenPart(loot.token, 0), alg: "HS256" })}.${loot.token.split(".")[1]}`
    return `${input}.${createHmac("sha256", secret(loot)).update(input).digest("base64url")}`
  },
})

/** Another text of the same token: a token has one spelling, so that it has one name (CONTRACT 2). */
const spelling = (name: string, change: (token: string) => string): TokenAttack => ({
  name: `spelling: ${name}`,
  make: ({ token }) => change(token),
})

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** All attacks that are tried. */
export const TOKEN_ATTACKS: readonly TokenAttack[] = [
  ...["none", "None", "nOnE", ""].map(
    (alg): TokenAttack => ({
      name: `alg ${alg}`,
      make: ({ token }) => `${encode({ ...tokenPart(token, 0), alg })}.${token.split(".")[1]}.`,
    }),
  ),
  hmac("the raw public key", ({ publicKey }) => publicKey),
  hmac("the public key in base64url", ({ publicKey }) => publicKey.toString("base64url")),
  hmac("nothing", () => ""),
  ...["HS256", "RS256", "ES256", "Ed448", "Ed25519", "eddsa"].map((alg) =>
    header(`alg ${alg}`, (all) => ({ ...all, alg })),
  ),
  header("crit", (all) => ({ ...all, crit: ["exp"] })),
  header("b64 false", (all) => ({ ...all, b64: false, crit: ["b64"] })),
  header("zip", (all) => ({ ...all, zip: "DEF" })),
  header("cty JWT", (all) => ({ ...all, cty: "JWT" })),
  header("the typ of the feed", (all) => ({ ...all, typ: "agentwrit-revocations+jwt" })),
  header("alg twice", (all) => JSON.stringify(all).replace("{", '{"alg":"none",')),
  header("a space", (all) => JSON.stringify(all).replace(":", ": ")),
  header("reversed members", (all) => Object.fromEntries(Object.entries(all).reverse())),
  ...["", "../../../../dev/null", "' UNION SELECT 'k' --", "__proto__", "\u0000", null, 0, [], {}].map((kid) =>
    header(`kid ${JSON.stringify(kid)}`, (all) => ({ ...all, kid })),
  ),
  header("no kid", ({ alg, typ }) => ({ alg, typ })),
  header("kid in a list", (all) => ({ ...all, kid: [all["kid"]] })),
  header("kid is a URL", (all, { keyServer }) => ({ ...all, kid: `${keyServer}/kid` })),
  ownKey("the broker's kid", (all) => all),
  ownKey("its kid", (all) => ({ ...all, kid: attackerKid })),
  ownKey("jwk and its kid", (all) => ({ ...all, kid: attackerKid, jwk: attackerJwk })),
  ownKey("jwk and the broker's kid", (all) => ({ ...all, jwk: attackerJwk })),
  ownKey("jku", (all, { keyServer }) => ({ ...all, kid: attackerKid, jku: `${keyServer}/jwks` })),
  ownKey("x5u", (all, { keyServer }) => ({ ...all, x5u: `${keyServer}/x5u` })),
  signature("S + L", (bytes) => {
    const malleable = Buffer.from(bytes)
    let s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + ORDER
    for (let at = 32; at < 64; at++, s >>= 8n) malleable[at] = Number(s & 255n)
    return malleable
  }),
  signature("of small order", () => Buffer.concat([IDENTITY, Buffer.alloc(32)])),
  signature("all zero", () => Buffer.alloc(64)),
  signature("a byte shorter", (bytes) => bytes.subarray(0, 63)),
  signature("a byte longer", (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
  signature("twice", (bytes) => Buffer.concat([bytes, bytes])),
  spelling("padding", (token) => `${token}==`),
  // The last character of a signature holds two bits that are not used.
  spelling("unused bits", (token) => token.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(token.slice(-1)) ^ 1)),
  spelling("a tab", (token) => `${token.slice(0, -40)}\t${token.slice(-40)}`),
  spelling("a leading space", (token) => ` ${token}`),
  spelling("a line break", (token) => `${token}\n`),
  spelling("a null byte", (token) => `${token}\u0000`),
  spelling("a fourth part", (token) => `${token}.e30`),
  spelling("an escaped dot", (token) => token.replace(".", "%2e")),
  spelling("twice", (token) => `${token} ${token}`),
  spelling("in quotes", (token) => `"${token}"`),
  spelling("a detached payload", (token) => token.replace(/\..*\./, "..")),
  claims("kind twice", (all) => JSON.stringify(all).replace("{", '{"kind":"agent",')),
  claims("kind twice, once escaped", (all) => JSON.stringify(all).replace("{", '{"\\u006bind":"agent",')),
  claims("exp twice", (all) => JSON.stringify(all).replace(/\}$/, ',"exp":9999999999}')),
  claims("a space", (all) => JSON.stringify(all).replace(",", ", ")),
  claims("a list", () => "[]"),
  claims("nothing", () => ""),
  ...["exp", "nbf", "iat"].flatMap((name) => [
    ...["NaN", "1e400", "1e300", "9007199254740993", "1.5", "-1", "null", '"9999999999"', "[9999999999]"].map((value) =>
      claim(name, value),
    ),
    claims(`no ${name}`, ({ [name]: _, ...others }) => others),
  ]),
  claim("exp", "0"),
  claim("nbf", "9000000000"),
  ...['"root"', "null", '["admin"]', '"Admin"'].map((kind) => claim("kind", kind)),
  ...["null", '"admin:audit:*"', "[]", '["*:*:*"]', "[null]"].map((scope) => claim("scope", scope)),
  claim("jti", '"short"'),
  claim("sub", '"app:nobody"'),
  claim("iss", "7"),
  { name: "another document that the same key signed", make: ({ feedMessage }) => feedMessage },
]

/** A token with one random change. */
export function mutatedToken(token: string, random: Random): string {
  const [head = "", payload = "", seal = ""] = token.split(".")
  switch (random.integer(0, 4)) {
    case 0:
      return `${encode({ alg: "HS256", typ: "JWT", kid: random.integer(0, 9) })}.${payload}.${seal}`
    case 1:
      return [seal, payload, head].join(".")
    case 2:
      return token.slice(0, random.integer(0, token.length - 1))
    default: {
      const at = random.integer(0, token.length - 1)
      return token.slice(0, at) + String.fromCharCode(random.integer(33, 126)) + token.slice(at + 1)
    }
  }
}
