import { createPrivateKey, type KeyObject, sign } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { BrokerFolder } from "./broker-process.ts"

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")

/** A part of a token, decoded: 0 its header, 1 its claims. */
// biome-ignore lint/suspicious/noExplicitAny: tests read tokens as a client without types would.
export const tokenPart = (token: string, part: 0 | 1): any =>
  JSON.parse(Buffer.from(token.split(".")[part] ?? "", "base64url").toString())

/** Signs with the broker's own key, which only a bug or a thief could do. */
export function signedByBroker(
  broker: Pick<BrokerFolder, "path"> | { readonly signingKey: KeyObject },
  header: unknown,
  payload: unknown,
): string {
  const key =
    "signingKey" in broker ? broker.signingKey : createPrivateKey(readFileSync(join(broker.path, "signing.key")))
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`
}
