import { ProofError, type ProofHeader, ProofMemory, verifyProof } from "@agentwrit/core"
import { InvalidTokenError, invalidProof } from "./errors.ts"
import type { VerifiedClaims } from "./verified-tokens.ts"

/** The DPoP proof of a request, and the request that it is for (RFC 9449, section 4.3). */
export interface PresentedProof {
  /** The value of the only `DPoP` header. */
  readonly proof: string
  /** The HTTP method. */
  readonly method: string
  /** The URL as the client called it. Its query and fragment do not count. */
  readonly url: string
}

/** The most keys that are kept, some 1 KB each. Then all are forgotten, and read again from their next proof. */
const MAX_KEYS = 10_000

/** Checks that bound tokens come with a proof of their key, and other tokens without one (CONTRACT 10). */
export class Proofs {
  /** One for all guards of a verifier, so that a proof which one of them accepted is a replay at the others. */
  readonly #used = new ProofMemory()
  /**
   * The headers of accepted proofs by the thumbprint of their key: importing a key costs a fifth of a signature check.
   */
  readonly #headers = new Map<string, ProofHeader>()

  /** @throws `InvalidTokenError` `proof_missing`, `token_not_bound`; `InvalidProofError`. */
  check(token: string, { cnf }: VerifiedClaims, presented: PresentedProof | undefined): void {
    if (cnf === undefined && presented === undefined) return
    if (cnf === undefined)
      throw new InvalidTokenError("token_not_bound", "token is not bound to a key, so it must come as a bearer token")
    if (presented === undefined)
      throw new InvalidTokenError("proof_missing", "token is bound to a key and came without a proof of it")
    const { proof, method, url } = presented
    const now = Date.now() / 1000
    const knownHeader = this.#headers.get(cnf.jkt)
    try {
      const verified = verifyProof(proof, { method, url, token, thumbprint: cnf.jkt, now, knownHeader })
      this.#used.use(verified, now)
      if (verified.header !== knownHeader) this.#keep(cnf.jkt, verified.header)
    } catch (error) {
      if (error instanceof ProofError) throw invalidProof(error)
      throw error
    }
  }

  #keep(thumbprint: string, header: ProofHeader): void {
    if (this.#headers.size >= MAX_KEYS) this.#headers.clear()
    this.#headers.set(thumbprint, header)
  }
}
