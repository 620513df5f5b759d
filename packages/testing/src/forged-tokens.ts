import { createPrivateKey, type KeyObject, sign } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { BrokerFolder } from "./broker-process.ts"

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")

/** A decoded part of a token: 0 is the header, 1 the claims. */
// biome-ignore lint/suspicious/noExplicitAny: tests read tokens as a client without types would.
export const tokenPart = (token: string, part: 0 | 1): any =>
  JSON.parse(Buffer.from(token.split(".")[part] ?? "", "base64url").toString())

/** Signs with the broker's own key, as only a thief of it could. */
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
