import { agentKeyOf } from "@agentwrit/sdk"
import { call, launchToken, nonce, registration } from "./client.ts"

/** An agent whose tokens are bound to a WebCrypto key, for client libraries that make proofs. */
export interface BoundAgent {
  readonly agentId: string
  readonly token: string
  readonly keys: { readonly privateKey: WebCryptoKey; readonly publicKey: WebCryptoKey }
}

/** `CryptoKey`, whose global type Node lacks. */
export type WebCryptoKey = Parameters<typeof crypto.subtle.exportKey>[1]

/**
 * Registers an agent with a bound token, as a client without the SDK does. `changes` override fields of the
 * registration.
 */
export async function boundAgent(
  url: string,
  bearer: string,
  changes: Record<string, unknown> = {},
): Promise<BoundAgent> {
  const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as BoundAgent["keys"]
  const { publicKey, sign } = await agentKeyOf(keys)
  const challenge = await nonce(url)
  const json = await registration(url, await launchToken(url, bearer), {
    nonce: challenge,
    public_key: Buffer.from(publicKey).toString("base64"),
    signature: Buffer.from(await sign(Buffer.from(challenge, "hex"))).toString("base64"),
    bound: true,
    ...changes,
  })
  const { status, body, text } = await call(url, "POST /v1/register", { json })
  if (status !== 200) throw new Error(text)
  return { agentId: body.agent_id, token: body.access_token, keys }
}

/** The request that a proof is for. */
export interface ProofTarget {
  readonly method: string
  readonly url: string
  readonly token: string
}

/** Members of a proof that differ from a good one; `undefined` leaves one out. */
export interface ProofChanges {
  readonly header?: object
  readonly payload?: object
  /** Signs in place of the key of the `jwk`. */
  readonly signer?: WebCryptoKey
}

/** A DPoP proof (RFC 9449, section 4.2), made by hand so that it can be a bad one. */
export async function handmadeProof(
  { privateKey, publicKey }: BoundAgent["keys"],
  { method, url, token }: ProofTarget,
  { header, payload, signer = privateKey }: ProofChanges = {},
): Promise<string> {
  const { kty, crv, x } = await crypto.subtle.exportKey("jwk", publicKey)
  const ath = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(token))).toString("base64url")
  const claims = {
    jti: crypto.randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ath,
    ...payload,
  }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const input = `${part({ typ: "dpop+jwt", alg: "EdDSA", jwk: { kty, crv, x }, ...header })}.${part(claims)}`
  return `${input}.${Buffer.from(await crypto.subtle.sign("Ed25519", signer, Buffer.from(input))).toString("base64url")}`
}

/** Good proofs with one fault each, by what is wrong with them. `other` is another agent's keys. */
export const BAD_PROOFS: readonly (readonly [
  fault: string,
  code: string,
  make: (target: ProofTarget, own: BoundAgent["keys"], other: BoundAgent["keys"]) => Promise<string>,
])[] = [
  ["a text that is no JWS", "malformed_proof", async () => "x"],
  ["another typ", "malformed_proof", (to, own) => handmadeProof(own, to, { header: { typ: "JWT" } })],
  ["the algorithm none", "malformed_proof", (to, own) => handmadeProof(own, to, { header: { alg: "none" } })],
  ["a symmetric algorithm", "malformed_proof", (to, own) => handmadeProof(own, to, { header: { alg: "HS256" } })],
  [
    "a private key as its jwk",
    "malformed_proof",
    async (to, own) => {
      const { kty, crv, x, d } = await crypto.subtle.exportKey("jwk", own.privateKey)
      return handmadeProof(own, to, { header: { jwk: { kty, crv, x, d } } })
    },
  ],
  ["another method", "proof_mismatch", (to, own) => handmadeProof(own, { ...to, method: "PUT" })],
  ["another path", "proof_mismatch", (to, own) => handmadeProof(own, { ...to, url: `${to.url}/x` })],
  ["another host", "proof_mismatch", (to, own) => handmadeProof(own, { ...to, url: "https://elsewhere.example/" })],
  ["another token", "proof_mismatch", (to, own) => handmadeProof(own, { ...to, token: `${to.token}x` })],
  ["no ath", "proof_mismatch", (to, own) => handmadeProof(own, to, { payload: { ath: undefined } })],
  ["no jti", "malformed_proof", (to, own) => handmadeProof(own, to, { payload: { jti: undefined } })],
  ["a time two minutes ago", "proof_outdated", (to, own) => handmadeProof(own, to, { payload: { iat: now() - 120 } })],
  ["a time in two minutes", "proof_outdated", (to, own) => handmadeProof(own, to, { payload: { iat: now() + 120 } })],
  ["another key, which signs", "proof_mismatch", (to, _, other) => handmadeProof(other, to)],
  [
    "another key's signature",
    "bad_proof_signature",
    (to, own, other) => handmadeProof(own, to, { signer: other.privateKey }),
  ],
]

const now = (): number => Math.floor(Date.now() / 1000)
