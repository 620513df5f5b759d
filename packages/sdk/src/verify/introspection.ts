import type { BrokerClient } from "../broker-client.ts"
import { validate } from "../calls.ts"
import { AgentWritError } from "../errors.ts"
import { InvalidTokenError, VerifierUnavailableError } from "./errors.ts"
import type { VerifiedClaims } from "./verified-tokens.ts"

/**
 * Asks the broker whether a token, good by all that can be checked here, is good there too.
 * @throws {@link InvalidTokenError} `token_refused`; {@link VerifierUnavailableError} `introspection_unavailable` when the broker gives
 * no answer.
 */
export async function introspect(
  client: BrokerClient,
  token: string,
  { jti }: VerifiedClaims,
  signal: AbortSignal,
): Promise<void> {
  const answer = await client.send(validate, { body: { token }, signal }).catch((cause: unknown) => {
    const reason = cause instanceof AgentWritError ? cause.message : "no reason is known"
    throw new VerifierUnavailableError("introspection_unavailable", `the broker cannot be asked: ${reason}`, { cause })
  })
  // A yes is about this token only when it tells what the token says.
  if (!answer.valid || answer.claims.jti !== jti)
    throw new InvalidTokenError(
      "token_refused",
      "the broker refuses the token: it was revoked, or clocks or settings differ",
    )
}
