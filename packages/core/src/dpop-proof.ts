import { createVerifyingKey, type VerifyingKey } from "./ed25519.ts"
import { decodeBase64Url, decodeUtf8, encodeBase64Url, encodeUtf8 } from "./encoding.ts"
import { CoreError, ProofError, type ProofErrorCode } from "./errors.ts"
import { sha256OfText } from "./sha256.ts"

/** The `typ` of a DPoP proof (RFC 9449 section 4.2). */
export const PROOF_TYPE = "dpop+jwt"

/** How far the `iat` of a proof may be from now, in seconds, to both sides (CONTRACT 10). */
export const PROOF_WINDOW_S = 60

/** Maximum length of a proof, in characters: its `htu` may have some thousand. */
const MAX_PROOF_LENGTH = 8 * 1024
const MAX_PROOF_ID_LENGTH = 256

/**
 * The key that makes proofs. A {@link SigningKey} is one; the signature may also come from elsewhere, such as from
 * WebCrypto.
 */
export interface ProofKey {
  /** 32 bytes of an Ed25519 key. */
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/** The request and the token that a proof is for. */
export interface ProvenRequest {
  /** The HTTP method, upper case. */
  readonly method: string
  /** The URL of the request. Its query and fragment do not count. */
  readonly url: string
  /** The token that the request carries. */
  readonly token: string
}

/** What a new proof says. */
export interface ProofContents extends ProvenRequest {
  /** Unix seconds. */
  readonly iat: number
  /** Unique for each proof, such as 16 random bytes as text. */
  readonly jti: string
}

/** What {@link verifyProof} expects. */
export interface ProofExpectations extends ProvenRequest {
  /** `cnf.jkt` of the token: the thumbprint of the key that must have signed. */
  readonly thumbprint: string
  /** Unix seconds; may have a fraction. */
  readonly now: number
  /** The header of an earlier proof of the same key, which saves reading it and importing the key again. */
  readonly knownHeader?: ProofHeader | undefined
}

/** The header of a verified proof. A client's header never changes, so it can be kept with the token. */
export interface ProofHeader {
  /** As the client encoded it. */
  readonly encoded: string
  readonly key: VerifyingKey
}

/** A proof that is genuine and fits the request. Give it to {@link ProofMemory}, which refuses a second use. */
export interface VerifiedProof {
  readonly jti: string
  readonly iat: number
  readonly header: ProofHeader
}

/**
 * Makes a proof of possession of the key for one request (RFC 9449 section 4.2). It hashes by WebCrypto, so that a
 * bundle that only makes proofs does not contain the curve.
 * @throws `TypeError` when the URL is not a plain http or https URL.
 */
export async function createProof(key: ProofKey, contents: ProofContents): Promise<string> {
  const { method, url, token, iat, jti } = contents
  const target = targetOf(url)
  if (target === undefined) throw new TypeError("a proof is for an http or https URL without a user name")
  const jwk = { kty: "OKP", crv: "Ed25519", x: encodeBase64Url(key.publicKey) }
  const header = encodedJson({ typ: PROOF_TYPE, alg: "EdDSA", jwk })
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))
  const ath = encodeBase64Url(new Uint8Array(digest))
  const signingInput = `${header}.${encodedJson({ jti, htm: method, htu: target, iat, ath })}`
  return `${signingInput}.${encodeBase64Url(await key.sign(encodeUtf8(signingInput)))}`
}

/**
 * Verifies a proof as RFC 9449 section 4.3 says: form, header, signature, the token's key, method, URL, time and token.
 * Whether it was used before is left to {@link ProofMemory}.
 * @throws only {@link ProofError}, for any text.
 */
export function verifyProof(proof: string, expected: ProofExpectations): VerifiedProof {
  if (typeof proof !== "string" || proof.length > MAX_PROOF_LENGTH)
    throw malformed(`is not a text of at most ${MAX_PROOF_LENGTH} characters`)
  const [encoded = "", payload = "", signature, ...more] = proof.split(".")
  if (signature === undefined || more.length > 0) throw malformed("is not three parts separated by dots")
  const { knownHeader } = expected
  const header = encoded === knownHeader?.encoded ? knownHeader : { encoded, key: keyOf(readJson(encoded, "header")) }
  if (header.key.keyId !== expected.thumbprint)
    throw new ProofError("proof_mismatch", "proof is signed by another key than the one that the token is bound to")
  const { jti, iat } = checkPayload(readJson(payload, "payload"), expected)
  if (!header.key.verify(encodeUtf8(`${encoded}.${payload}`), readBytes(signature, "signature")))
    throw new ProofError("bad_proof_signature", "proof signature is not that of its jwk")
  return { jti, iat, header }
}

/**
 * The algorithms of proofs, and how the key of each is read. Libraries write `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864)
 * for the same signature.
 */
const ALGORITHMS: ReadonlyMap<unknown, (jwk: JsonMembers) => VerifyingKey> = /* @__PURE__ */ new Map([
  ["EdDSA", ed25519Key],
  ["Ed25519", ed25519Key],
])

function keyOf(header: JsonMembers): VerifyingKey {
  if (header["typ"] !== PROOF_TYPE) throw malformed(`has a typ other than ${PROOF_TYPE}`)
  // Nothing that may stand in crit is understood here (RFC 7515 section 4.1.11).
  if (header["crit"] !== undefined) throw malformed("has a critical header extension")
  const readKey = ALGORITHMS.get(header["alg"])
  if (readKey === undefined) throw malformed(`has an alg other than ${[...ALGORITHMS.keys()].join(" and ")}`)
  if (!isObject(header["jwk"])) throw malformed("has no jwk")
  return readKey(header["jwk"])
}

function ed25519Key(jwk: JsonMembers): VerifyingKey {
  if (jwk["kty"] !== "OKP" || jwk["crv"] !== "Ed25519") throw malformed("has a jwk that is not an Ed25519 key")
  if (Object.hasOwn(jwk, "d")) throw malformed("has a private key as its jwk")
  try {
    return createVerifyingKey(decodeBase64Url(jwk["x"] as string))
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause
    throw new ProofError("malformed_proof", `proof has a jwk that is refused: ${cause.message}`, { cause })
  }
}

function checkPayload(payload: JsonMembers, expected: ProofExpectations): { jti: string; iat: number } {
  const { jti, htm, htu, iat, ath } = payload
  if (typeof jti !== "string" || jti === "" || jti.length > MAX_PROOF_ID_LENGTH || !jti.isWellFormed())
    throw malformed(`has no jti of 1 to ${MAX_PROOF_ID_LENGTH} characters`)
  if (typeof iat !== "number" || !Number.isFinite(iat)) throw malformed("has no iat")
  if (htm !== expected.method) throw mismatch("method (htm)")
  if (typeof htu !== "string" || !isSameTarget(htu, expected.url)) throw mismatch("URL (htu)")
  if (ath !== tokenHash(expected.token)) throw mismatch("token (ath)")
  const age = expected.now - iat
  // With NaN the comparison is false, and the proof refused.
  if (!(Math.abs(age) <= PROOF_WINDOW_S))
    throw new ProofError(
      "proof_outdated",
      `proof was made ${Math.round(Math.abs(age))} s ${age > 0 ? "ago" : "ahead of now"}: at most ${PROOF_WINDOW_S} s are accepted`,
    )
  return { jti, iat }
}

/** `ath`: SHA-256 of the token (RFC 9449 section 4.2). */
const tokenHash = (token: string): string => encodeBase64Url(sha256OfText(token))

function isSameTarget(htu: string, url: string): boolean {
  const target = targetOf(htu)
  return target !== undefined && target === targetOf(url)
}

/** A URL without its query and fragment, with scheme, host and port in one spelling (RFC 3986 section 6.2.3). */
function targetOf(text: string): string | undefined {
  const url = URL.parse(text)
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:"
  return isWeb && url.username === "" && url.password === "" ? url.origin + url.pathname : undefined
}

type JsonMembers = Readonly<Record<string, unknown>>

function readJson(part: string, name: string): JsonMembers {
  let value: unknown
  try {
    value = JSON.parse(decodeUtf8(readBytes(part, name)))
  } catch (cause) {
    if (cause instanceof ProofError) throw cause
    throw new ProofError("malformed_proof", `proof ${name} is not JSON in UTF-8`, { cause })
  }
  if (!isObject(value)) throw malformed(`has a ${name} that is not a JSON object`)
  return value
}

function readBytes(part: string, name: string): Uint8Array {
  try {
    return decodeBase64Url(part)
  } catch (cause) {
    throw new ProofError("malformed_proof", `proof ${name} is not base64url without padding`, { cause })
  }
}

const encodedJson = (value: object): string => encodeBase64Url(encodeUtf8(JSON.stringify(value)))

const isObject = (value: unknown): value is JsonMembers =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const malformed = (fault: string): ProofError => refused("malformed_proof", `proof ${fault}`)
const mismatch = (what: string): ProofError => refused("proof_mismatch", `proof is for another ${what}`)
const refused = (code: ProofErrorCode, message: string): ProofError => new ProofError(code, message)
