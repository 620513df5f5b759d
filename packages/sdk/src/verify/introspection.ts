import type { BrokerClient } from "../broker-client.ts"
import { AgentWritError } from "../errors.ts"
import { validate } from "./calls.ts"
import { InvalidTokenError, VerifierUnavailableError } from "./errors.ts"
import type { VerifiedClaims } from "./verified-tokens.ts"

/**
 * Asks the broker about a token that passed all local checks.
 * @throws {@link InvalidTokenError} `token_refused`; {@link VerifierUnavailableError} `introspection_unavailable` when
 * the broker does not answer.
 */
export async function introspect(
  client: BrokerClient,
  token: string,
  { jti }: VerifiedClaims,
  signal: AbortSignal,
): Promise<void> {
  const answer = await client.send(validate, { body: { token }, signal }).catch((cause: unknown) => {
    const reason = cause instanceof AgentWritError ? cause.message : "unknown reason"
    throw new VerifierUnavailableError("introspection_unavailable", `the broker cannot be asked: ${reason}`, { cause })
  })
  // The answer must be about this token.
  if (!answer.valid || answer.claims.jti !== jti)
    throw new InvalidTokenError(
      "token_refused",
      "the broker refuses the token: it was revoked, or clocks or settings differ",
    )
}
