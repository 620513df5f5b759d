import { abortable } from "./abortable.ts"
import type { CallOptions } from "./broker-client.ts"
import { BrokerError } from "./errors.ts"
import type { IssuedToken } from "./issued-token.ts"

/**
 * Signs in when a token is first needed, again before it expires, and once more when the broker refuses it. Calls share
 * the token.
 */
export class Session {
  readonly #signIn: () => Promise<IssuedToken>
  readonly #usablePart: number
  #token: IssuedToken | undefined
  #signingIn: Promise<string> | undefined

  /**
   * @param signIn gets no caller's signal, because other callers wait for it too.
   * @param usablePart the part of a token's life in which it is used for new calls. The rest allows for slow calls and
   * wrong clocks.
   */
  constructor(signIn: () => Promise<IssuedToken>, usablePart: number) {
    this.#signIn = signIn
    this.#usablePart = usablePart
  }

  /**
   * Makes a call with the token. If the broker refuses the token, for example after a restart with another key, signs
   * in and repeats.
   */
  async authorized<T>({ signal }: CallOptions, send: (bearer: string) => Promise<T>): Promise<T> {
    const bearer = await this.#bearer(signal)
    try {
      return await send(bearer)
    } catch (error) {
      if (!isRefusedToken(error)) throw error
      // Another call may already have signed in again.
      if (this.#token?.value === bearer) this.#token = undefined
      return send(await this.#bearer(signal))
    }
  }

  async #bearer(signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted()
    if (this.#token !== undefined && this.#token.lifetime.until(this.#usablePart) > 0) return this.#token.value
    this.#signingIn ??= this.#signIn()
      .then((token) => {
        this.#token = token
        return token.value
      })
      .finally(() => {
        this.#signingIn = undefined
      })
    return abortable(this.#signingIn, signal)
  }
}

const isRefusedToken = (error: unknown): boolean =>
  error instanceof BrokerError && (error.code === "unauthorized" || error.code === "token_revoked")
