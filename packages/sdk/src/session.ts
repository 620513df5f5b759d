import { abortable } from "./abortable.ts"
import type { CallOptions } from "./broker-client.ts"
import { BrokerError } from "./errors.ts"
import type { IssuedToken } from "./issued-token.ts"

/** How a session gets its tokens. */
export interface SessionOptions {
  /** Signs in. It gets no caller's signal, because other callers wait for it too. */
  readonly signIn: () => Promise<IssuedToken>
  /** The part of a token's life, from 0 to 1, in which it is used for new calls. The rest allows for slow calls and different clocks. */
  readonly usablePart: number
}

/** Signs in when a token is first needed, again before it expires, and once more when the broker refuses it. Calls share the token. */
export class Session {
  readonly #options: SessionOptions
  #token: IssuedToken | undefined
  #signingIn: Promise<string> | undefined

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Makes a call with the token. If the broker refuses the token, for example after a restart with another key, signs in and repeats. */
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
    if (this.#token !== undefined && this.#token.lifetime.until(this.#options.usablePart) > 0) return this.#token.value
    this.#signingIn ??= this.#signIn().finally(() => {
      this.#signingIn = undefined
    })
    return abortable(this.#signingIn, signal)
  }

  async #signIn(): Promise<string> {
    this.#token = await this.#options.signIn()
    return this.#token.value
  }
}

const isRefusedToken = (error: unknown): boolean =>
  error instanceof BrokerError && (error.code === "unauthorized" || error.code === "token_revoked")
