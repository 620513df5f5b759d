import type { Authority } from "@agentwrit/authority"
import {
  ClaimsError,
  checkClaims,
  type FindKey,
  parseJwkSet,
  type RevocationProbe,
  revocationProbe,
  type VerifiedToken,
  verifyToken,
} from "@agentwrit/core"
import { verifyFeedMessage } from "../../../sdk/src/verify/feed-message.ts"
import { Revocations } from "../../../sdk/src/verify/revocations.ts"
import type { Verdict } from "./rules.ts"

/**
 * Verifies as the SDK does, with its own parts, but by the clock of a test: keys, signed feed and tokens, and nothing
 * else from the broker.
 */
export class OfflineVerifier {
  readonly #revocations = new Revocations({ maxStalenessMs: 30_000 })
  #cursor = this.#revocations.resume()
  readonly #verified = new Map<string, VerifiedToken & { readonly probe: RevocationProbe }>()

  /** Reads the feed up to its head. */
  async follow(authority: Authority): Promise<void> {
    for (let isBehind = true; isBehind; ) {
      const page = await authority.revocationsPage({ resource: "", source: "" }, this.#cursor.position)
      this.#revocations.apply(verifyFeedMessage(page.jws, findIn(authority)), this.#cursor)
      isBehind = page.to < page.head
    }
  }

  /** The connection was lost: continues as the SDK does, and requires that the list is the same. */
  reconnect(): void {
    this.#cursor = this.#revocations.resume()
  }

  /** @param now Unix milliseconds. */
  verdict(text: string, now: number, authority: Authority): Verdict {
    let verified = this.#verified.get(text)
    if (verified === undefined) {
      const token = verifyToken(text, findIn(authority))
      verified = { ...token, probe: revocationProbe(token.claims) }
      this.#verified.set(text, verified)
    }
    try {
      checkClaims(verified.claims, { now: now / 1000 })
    } catch (error) {
      if (error instanceof ClaimsError && error.code === "token_expired") return "expired"
      throw error
    }
    return this.#revocations.set.revokes(verified.probe) ? "revoked" : "valid"
  }
}

/** Finds a key in the set that the authority publishes. */
const findIn =
  (authority: Authority): FindKey =>
  (keyId) =>
    parseJwkSet(authority.jwkSet()).find((key) => key.keyId === keyId)
