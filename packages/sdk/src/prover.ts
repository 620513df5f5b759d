import { createProof } from "@agentwrit/core"
import type { AgentKey } from "./agent-key.ts"
import { unverifiedClaims } from "./issued-token.ts"

/** A request that needs a proof. */
export interface RequestTarget {
  readonly method: string
  readonly url: string
}

/** Clocks that differ less are left alone: an answer may be slow, and a proof may be 60 s off (CONTRACT 10). */
const TOLERANCE_MS = 20_000

/** Makes the proofs of an agent's key, one for each request (RFC 9449). */
export class Prover {
  readonly #key: AgentKey
  /** How far the broker's clock is ahead of this machine's, when one of them is wrong. */
  #aheadMs = 0

  constructor(key: AgentKey) {
    this.#key = key
  }

  /** Learns the broker's time from a token that it issued just now. */
  learnTime(token: string): void {
    const ahead = Number(unverifiedClaims(token).iat) * 1000 - Date.now()
    this.#aheadMs = Math.abs(ahead) > TOLERANCE_MS ? ahead : 0
  }

  prove(token: string, { method, url }: RequestTarget): Promise<string> {
    const iat = Math.floor((Date.now() + this.#aheadMs) / 1000)
    return createProof(this.#key, { method, url, token, iat, jti: crypto.randomUUID() })
  }
}
