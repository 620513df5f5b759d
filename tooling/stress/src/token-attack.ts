import { type KeyObject, sign } from "node:crypto"

/** What an attacker has: a token that is good, the public key, a key and a server of its own; and, further than any gets, the broker's key. */
export interface Loot {
  readonly url: string
  /** A good token, of an operator. */
  readonly token: string
  /** The raw 32 bytes of the broker's public key. */
  readonly publicKey: Buffer
  /** Signs as the broker does: for what is false in a genuinely signed token. */
  readonly stolen: KeyObject
  /** A server of the attacker's that would answer with its keys. */
  readonly keyServer: string
}

/** One way to make a token that must not be taken. */
export interface TokenAttack {
  readonly name: string
  make(loot: Loot): string | Promise<string>
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")

export function signed(header: unknown, payload: unknown, key: KeyObject): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`
}

export function partsOf(token: string): [header: string, payload: string, signature: string] {
  const [header = "", payload = "", signature = ""] = token.split(".")
  return [header, payload, signature]
}
