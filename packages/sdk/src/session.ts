import type { CallOptions } from "./broker-client.ts"
import { BrokerError } from "./errors.ts"
import type { IssuedToken } from "./issued-token.ts"
import { raced } from "./raced.ts"

/** How a session gets its tokens. */
export interface SessionOptions {
  /** Signs in. It is not told the signal of any one caller: others wait for it too. */
  readonly signIn: () => Promise<IssuedToken>
  /** The part of a token's life, from 0 to 1, after which it is not used for a further call: clocks differ, and calls take time. */
  readonly lastUse: number
}

/** A token: got when first needed, shared by concurrent calls, got again before it expires and once when it is refused. */
export class Session {
  readonly #options: SessionOptions
  #token: IssuedToken | undefined
  #signingIn: Promise<string> | undefined

  constructor({ signIn, lastUse }: SessionOptions) {
    this.#options = { signIn, lastUse }
  }

  /** Makes a call with the token, and once more with a new one when the broker no longer takes it: it may have a new signing key. */
  async authorized<T>({ signal }: CallOptions, send: (bearer: string) => Promise<T>): Promise<T> {
    const bearer = await this.#current(signal)
    try {
      return await send(bearer)
    } catch (error) {
      if (!isRefusedToken(error)) throw error
      // Another call may have signed in again meanwhile.
      if (this.#token?.value === bearer) this.#token = undefined
      return send(await this.#current(signal))
    }
  }

  async #current(signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted()
    const { lastUse } = this.#options
    if (this.#token !== undefined && this.#token.lifetime.until(lastUse) > 0) return this.#token.value
    this.#signingIn ??= this.#signIn().finally(() => {
      this.#signingIn = undefined
    })
    return raced(this.#signingIn, signal)
  }

  async #signIn(): Promise<string> {
    this.#token = await this.#options.signIn()
    return this.#token.value
  }
}

const isRefusedToken = (error: unknown): boolean =>
  error instanceof BrokerError && (error.code === "unauthorized" || error.code === "token_revoked")
