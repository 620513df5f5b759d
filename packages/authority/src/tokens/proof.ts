import { type Claims, ProofError, verifyProof } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import type { ProofChallenge } from "../refusal.ts"

/** A token and the DPoP proof that came with it (CONTRACT 10). */
export interface ProvenToken {
  readonly token: string
  /** `undefined` when the request has no proof, or several. */
  readonly proof: string | undefined
  /** The HTTP method. */
  readonly method: string
  /** The URL of the request, as clients know it; `undefined`: the host does not know, so that no proof is accepted. */
  readonly url: string | undefined
}

/** What a caller presents: a bearer token, or a bound token with its proof. */
export type Credential = string | ProvenToken

/** Why possession of the key is not proven, and what the client reads. */
export interface ProofFault {
  readonly challenge: ProofChallenge
  readonly reason: string
  /** What the client can do next. */
  readonly hint: string
}

/** The text of the token. */
export const tokenOf = (credential: Credential): string =>
  typeof credential === "string" ? credential : credential.token

/** Checks that a bound token comes with a proof of its key, and any other token as a bearer token. */
export function findProofFault(
  context: AuthorityContext,
  credential: Credential,
  { cnf }: Claims,
): ProofFault | undefined {
  if (typeof credential === "string")
    return cnf === undefined
      ? undefined
      : badToken("token is bound to a key and came without a proof of it", SEND_PROOF)
  if (cnf === undefined)
    return badToken("token is not bound to a key, so it must come as a bearer token", "send Authorization: Bearer")
  const { token, proof, method, url } = credential
  if (proof === undefined) return badProof("the request does not have exactly one DPoP header")
  if (url === undefined) return badProof("the URL under which clients reach the broker is not known", SET_URL)
  const now = context.clock.now() / 1000
  const verified = context.verifiedTokens.get(token)
  try {
    const expected = { method, url, token, thumbprint: cnf.jkt, now, knownHeader: verified?.proofHeader }
    const proven = verifyProof(proof, expected)
    if (verified !== undefined) verified.proofHeader = proven.header
    context.proofs.use(proven, now)
  } catch (error) {
    if (!(error instanceof ProofError)) throw error
    return badProof(error.message)
  }
  return undefined
}

const SEND_PROOF =
  "the token is bound to a key: send Authorization: DPoP and a DPoP proof made with that key (RFC 9449)"
const NEW_PROOF =
  "make a new proof for each request, with the token's key, for the URL that the broker is known by, on a correct clock"

const SET_URL = "ask the operator to set the broker's public URL"

const badToken = (reason: string, hint: string): ProofFault => ({ challenge: "invalid_token", reason, hint })
const badProof = (reason: string, hint = NEW_PROOF): ProofFault => ({ challenge: "invalid_dpop_proof", reason, hint })
