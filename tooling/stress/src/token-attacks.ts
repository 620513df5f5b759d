import { createHash, createHmac, generateKeyPairSync } from "node:crypto"
import { call } from "@agentwrit/testing/client"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { encode, type Loot, partsOf, signed, type TokenAttack } from "./token-attack.ts"
import { TOKEN_SPELLINGS } from "./token-spellings.ts"

const own = generateKeyPairSync("ed25519")
const ownJwk = own.publicKey.export({ format: "jwk" })

/** The group's order, by which RFC 8032 bounds S. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** A genuinely signed token under another header. */
const headed = (name: string, change: (header: Record<string, unknown>, loot: Loot) => unknown): TokenAttack => ({
  name: `header: ${name}`,
  make: (loot) => signed(change(tokenPart(loot.token, 0), loot), tokenPart(loot.token, 1), loot.stolen),
})

/** A token of the attacker's own key, which its header brings along or leads to. */
const brought = (name: string, change: (header: Record<string, unknown>, loot: Loot) => unknown): TokenAttack => ({
  name: `key brought along: ${name}`,
  make: (loot) => signed(change(tokenPart(loot.token, 0), loot), tokenPart(loot.token, 1), own.privateKey),
})

/** A genuinely signed token with another payload. */
const claimed = (name: string, change: (claims: Record<string, unknown>) => unknown): TokenAttack => ({
  name: `claims: ${name}`,
  make: (loot) => signed(tokenPart(loot.token, 0), change(tokenPart(loot.token, 1)), loot.stolen),
})

/** The payload's text with one claim's value written otherwise. */
const written = (claim: string, value: string): TokenAttack =>
  claimed(`${claim} is ${value}`, (claims) => {
    const { [claim]: held, ...others } = claims
    if (held === undefined) throw new TypeError(`the token has no ${claim}`)
    return JSON.stringify({ ...others, [claim]: "\uffff" }).replace('"\uffff"', () => value)
  })

/** Another signature over the same. */
const sealed = (name: string, change: (signature: Buffer) => Buffer): TokenAttack => ({
  name: `signature: ${name}`,
  make(loot) {
    const [header, payload, signature] = partsOf(loot.token)
    return `${header}.${payload}.${change(Buffer.from(signature, "base64url")).toString("base64url")}`
  },
})

/** The shared secret that a library takes when it believes a header's HS256. */
const hmac = (name: string, secret: (loot: Loot) => string | Buffer): TokenAttack => ({
  name: `algorithm confusion: ${name}`,
  make(loot) {
    const [, payload] = partsOf(loot.token)
    const input = `${encode({ ...tokenPart(loot.token, 0), alg: "HS256" })}.${payload}`
    return `${input}.${createHmac("sha256", secret(loot)).update(input).digest("base64url")}`
  },
})

const unsigned = (alg: string): TokenAttack => ({
  name: `alg ${alg}`,
  make: (loot) => `${encode({ ...tokenPart(loot.token, 0), alg })}.${partsOf(loot.token)[1]}.`,
})

/** RFC 7638, of a key of the attacker's choice. */
const thumbprint = (x: string): string =>
  createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url")

/** The point of order one: under it R = identity and S = 0 sign everything. */
const IDENTITY = Buffer.from(`01${"00".repeat(31)}`, "hex")

/** All that is tried. */
export const TOKEN_ATTACKS: readonly TokenAttack[] = [
  ...["none", "None", "NONE", "nOnE", ""].map(unsigned),
  hmac("HMAC under the raw public key", ({ publicKey }) => publicKey),
  hmac("HMAC under the public key's base64url", ({ publicKey }) => publicKey.toString("base64url")),
  hmac("HMAC under nothing", () => ""),
  ...["HS256", "RS256", "ES256", "PS512", "Ed448", "Ed25519", "eddsa", "EdDSA "].map((alg) =>
    headed(`alg ${JSON.stringify(alg)}, though it is EdDSA's signature`, (header) => ({ ...header, alg })),
  ),
  headed("crit", (header) => ({ ...header, crit: ["exp"] })),
  headed("b64 false", (header) => ({ ...header, b64: false, crit: ["b64"] })),
  headed("a nested token", (header) => ({ ...header, cty: "JWT" })),
  headed("zip", (header) => ({ ...header, zip: "DEF" })),
  headed("the typ of the feed", (header) => ({ ...header, typ: "agentwrit-revocations+jwt" })),
  headed("typ at+jwt", (header) => ({ ...header, typ: "at+jwt" })),
  headed("alg twice", (header) => JSON.stringify(header).replace("{", '{"alg":"none",')),
  headed("a space", (header) => JSON.stringify(header).replace(":", ": ")),
  headed("members the other way round", (header) => Object.fromEntries(Object.entries(header).reverse())),
  ...["", "../../../../dev/null", "' UNION SELECT 'k' --", "__proto__", "constructor", "A".repeat(43), "\u0000"].map(
    (kid) => headed(`kid ${JSON.stringify(kid)}`, (header) => ({ ...header, kid })),
  ),
  ...[null, 0, true, [], {}].map((kid) => headed(`kid ${JSON.stringify(kid)}`, (header) => ({ ...header, kid }))),
  headed("no kid", ({ alg, typ }) => ({ alg, typ })),
  headed("kid as a list of the right one", (header) => ({ ...header, kid: [header["kid"]] })),
  headed("kid as an address", (header, { keyServer }) => ({ ...header, kid: `${keyServer}/kid` })),
  brought("nothing but its signature", (header) => header),
  brought("its kid", (header) => ({ ...header, kid: thumbprint(String(ownJwk.x)) })),
  brought("jwk", (header) => ({ ...header, jwk: ownJwk })),
  brought("jwk and its kid", (header) => ({ ...header, kid: thumbprint(String(ownJwk.x)), jwk: ownJwk })),
  brought("jku", (header, { keyServer }) => ({ ...header, jku: `${keyServer}/jwks` })),
  brought("jku and its kid", (header, { keyServer }) => ({
    ...header,
    kid: thumbprint(String(ownJwk.x)),
    jku: `${keyServer}/jwks`,
  })),
  brought("x5u", (header, { keyServer }) => ({ ...header, x5u: `${keyServer}/x5u` })),
  brought("x5c", (header) => ({
    ...header,
    x5c: [own.publicKey.export({ format: "der", type: "spki" }).toString("base64")],
  })),
  {
    name: "key brought along: one of small order",
    make(loot) {
      const header = { ...tokenPart(loot.token, 0), kid: thumbprint(IDENTITY.toString("base64url")) }
      const seal = Buffer.concat([IDENTITY, Buffer.alloc(32)]).toString("base64url")
      return `${encode(header)}.${partsOf(loot.token)[1]}.${seal}`
    },
  },
  sealed("S + L", (signature) => {
    const malleable = Buffer.from(signature)
    let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + ORDER
    for (let at = 32; at < 64; at++, s >>= 8n) malleable[at] = Number(s & 255n)
    return malleable
  }),
  sealed("of small order", () => Buffer.concat([IDENTITY, Buffer.alloc(32)])),
  sealed("all zero", () => Buffer.alloc(64)),
  sealed("all ones", () => Buffer.alloc(64, 255)),
  sealed("cut by a byte", (signature) => signature.subarray(0, 63)),
  sealed("longer by a byte", (signature) => Buffer.concat([signature, Buffer.alloc(1)])),
  sealed("in DER's frame", (signature) => Buffer.concat([Buffer.from("3044", "hex"), signature])),
  sealed("twice", (signature) => Buffer.concat([signature, signature])),
  ...TOKEN_SPELLINGS,
  claimed("kind twice", (claims) => JSON.stringify(claims).replace("{", '{"kind":"agent",')),
  claimed("exp twice", (claims) => JSON.stringify(claims).replace(/\}$/, ',"exp":9999999999}')),
  claimed("kind twice, once escaped", (claims) => JSON.stringify(claims).replace("{", '{"\\u006bind":"agent",')),
  claimed("a space", (claims) => JSON.stringify(claims).replace(",", ", ")),
  claimed("no object", () => "[]"),
  claimed("nothing", () => ""),
  claimed("another token as payload", () => encode("x.y.z")),
  ...["exp", "nbf", "iat"].flatMap((claim) => [
    ...[
      "NaN",
      "Infinity",
      "1e400",
      "1e300",
      "9007199254740993",
      "1.5",
      "-1",
      "null",
      '"9999999999"',
      "[9999999999]",
    ].map((value) => written(claim, value)),
    claimed(`no ${claim}`, ({ [claim]: _, ...claims }) => claims),
  ]),
  written("exp", "0"),
  written("nbf", "9000000000"),
  ...['"root"', "null", '["admin"]', '"Admin"'].map((kind) => written("kind", kind)),
  ...["null", '"admin:audit:*"', "[]", '["*:*:*"]', "[null]", '["admin:*:*"]'].map((scope) => written("scope", scope)),
  written("jti", '"short"'),
  written("sub", '""'),
  written("sub", '"app:nobody"'),
  written("iss", "7"),
  {
    name: "another document that the same key signed",
    make: async ({ url }) => (await call(url, "GET /v1/revocations?since=0")).text.trim(),
  },
]
