import type { BrokerClient } from "./broker-client.ts"
import { UnexpectedAnswerError } from "./errors.ts"
import { Lifetime } from "./lifetime.ts"

/** A token as the broker handed it out. */
export interface IssuedToken {
  readonly value: string
  readonly lifetime: Lifetime
}

/** A compact JWS: nothing that a header could not carry, or that a platform would repeat in an error about it. */
export const TOKEN_FORM: RegExp = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * The token of an answer.
 * @param ticks `performance.now()` when it was asked for.
 * @throws {@link UnexpectedAnswerError} when it is no token.
 */
export function issuedToken(
  client: BrokerClient,
  answer: { readonly accessToken: string; readonly expiresIn: number },
  ticks: number,
): IssuedToken {
  if (!TOKEN_FORM.test(answer.accessToken))
    throw new UnexpectedAnswerError(client.brokerUrl, 200, "access_token is no compact JWS")
  // The broker counts from the second that had begun, so a token lives up to one less.
  const seconds = Math.max(answer.expiresIn - 1, answer.expiresIn / 2)
  return { value: answer.accessToken, lifetime: new Lifetime(seconds, ticks) }
}
