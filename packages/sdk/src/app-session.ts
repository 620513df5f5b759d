import type { BrokerClient, CallOptions } from "./broker-client.ts"
import { appSignIn } from "./calls.ts"
import { BrokerError } from "./errors.ts"
import { type IssuedToken, issuedToken } from "./issued-token.ts"
import { raced } from "./raced.ts"

/** What an app signs in with. */
export interface AppSecrets {
  readonly clientId: string
  readonly clientSecret: string
}

/** The part of its life after which an app's token is not used for a further call. */
const LAST_USE = 0.9

/** An app's token: got when first needed, shared by concurrent calls, got again before it expires or when it is refused. */
export class AppSession {
  readonly #client: BrokerClient
  readonly #secrets: AppSecrets
  #token: IssuedToken | undefined
  #signingIn: Promise<string> | undefined

  constructor(client: BrokerClient, { clientId, clientSecret }: AppSecrets) {
    this.#client = client
    this.#secrets = { clientId, clientSecret }
  }

  /** Makes a call with the token; once more with a new one when the broker no longer takes it. */
  async call<T>(send: (bearer: string) => Promise<T>, { signal }: CallOptions): Promise<T> {
    const bearer = await raced(this.#current(), signal)
    try {
      return await send(bearer)
    } catch (error) {
      if (!(error instanceof BrokerError && (error.code === "unauthorized" || error.code === "token_revoked")))
        throw error
      // Another call may have signed in again meanwhile.
      if (this.#token?.value === bearer) this.#token = undefined
      return send(await raced(this.#current(), signal))
    }
  }

  #current(): Promise<string> {
    if (this.#token !== undefined && this.#token.lifetime.until(LAST_USE) > 0) return Promise.resolve(this.#token.value)
    this.#signingIn ??= this.#signIn().finally(() => {
      this.#signingIn = undefined
    })
    return this.#signingIn
  }

  async #signIn(): Promise<string> {
    const ticks = performance.now()
    this.#token = issuedToken(this.#client, await this.#client.send(appSignIn, { body: this.#secrets }), ticks)
    return this.#token.value
  }
}
