import { randomBytes } from "node:crypto"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import { type Loot, partsOf, signed, type TokenAttack } from "./token-attack.ts"

type Parts = ReturnType<typeof partsOf>

/** Other text for what may be the same bytes. */
const spelled = (name: string, make: (token: string, parts: Parts) => string): TokenAttack => ({
  name: `spelling: ${name}`,
  make: ({ token }) => make(token, partsOf(token)),
})

/** Another text for the same signature: header and payload are signed as they are written, so that to change those breaks it anyway. */
const resealed = (name: string, respell: (signature: string) => string): TokenAttack => ({
  name: `spelling: ${name}`,
  make(loot) {
    const [header, payload, signature] = partsOf(spellable(loot))
    return `${header}.${payload}.${respell(signature)}`
  },
})

/** A good token in whose signature there is a character that the two alphabets write differently: most are, by chance. */
function spellable({ token, stolen }: Loot): string {
  for (;;) {
    const claims = { ...tokenPart(token, 1), jti: randomBytes(16).toString("hex") }
    const made = signed(tokenPart(token, 0), claims, stolen)
    if (/[-_]/.test(partsOf(made)[2])) return made
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** The lowest bit of the last character, which the 64 bytes do not use. */
const strayBits = (signature: string): string =>
  signature.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(signature.slice(-1)) ^ 1)

/** A token has one spelling: otherwise it has many names, and a list of revoked ones misses it (CONTRACT 2). */
export const TOKEN_SPELLINGS: readonly TokenAttack[] = [
  spelled("padding", (token) => `${token}==`),
  spelled("padding in the payload", (_, [header, payload, signature]) => `${header}.${payload}=.${signature}`),
  resealed("stray bits in the signature", strayBits),
  resealed("the other alphabet", (signature) => signature.replaceAll("-", "+").replaceAll("_", "/")),
  resealed("a tab within", (signature) => `${signature.slice(0, 40)}\t${signature.slice(40)}`),
  spelled("a space before", (token) => ` ${token}`),
  spelled("a line break after", (token) => `${token}\n`),
  spelled("a null byte after", (token) => `${token}\u0000`),
  spelled("a dot after", (token) => `${token}.`),
  spelled("a fourth part", (token) => `${token}.e30`),
  spelled("an escaped dot", (token) => token.replace(".", "%2e")),
  spelled("a wide dot", (token) => token.replace(".", "．")),
  spelled("itself twice", (token) => `${token} ${token}`),
  spelled("in quotes", (token) => `"${token}"`),
  spelled("JSON serialization", (_, [header, payload, signature]) =>
    JSON.stringify({ protected: header, payload, signature }),
  ),
  spelled("detached payload", (_, [header, , signature]) => `${header}..${signature}`),
]
