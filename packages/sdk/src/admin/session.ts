import type { BrokerClient, CallAnswer, CallInput, CallOptions } from "../broker-client.ts"
import type { Call } from "../call.ts"
import { BrokerError } from "../errors.ts"
import { adminSignIn } from "./calls.ts"

/** The operator's secret, or what fetches it when it is first needed and at each sign-in. */
export type AdminSecret = string | (() => string | Promise<string>)

interface SignedIn {
  readonly token: string
  /** Milliseconds since the Unix epoch from which on another token is used. */
  readonly renewAt: number
}

/** Part of a token's life after which the next call signs in again: clocks differ, and calls take time. */
const RENEW_AFTER = 0.8

/** Makes calls as the operator: signs in when first needed, before the token expires, and once when it is refused. */
export class AdminSession {
  readonly #client: BrokerClient
  readonly #secret: AdminSecret
  #signedIn: SignedIn | undefined
  #signingIn: Promise<SignedIn> | undefined

  constructor(client: BrokerClient, secret: AdminSecret) {
    this.#client = client
    this.#secret = secret
  }

  /** As {@link BrokerClient.send}, with the operator's token. */
  send<const C extends Call>(call: C, input: CallInput<C> = {}): Promise<CallAnswer<C>> {
    return this.authorized(input, (bearer) => this.#client.send(call, { ...input, bearer }))
  }

  /** Runs `run` with a token, and once more with a new one when the broker refuses the first: it may have a new signing key. */
  async authorized<T>({ signal }: CallOptions, run: (bearer: string) => Promise<T>): Promise<T> {
    const { token } = await this.#current(signal)
    try {
      return await run(token)
    } catch (error) {
      if (!isRefusedToken(error)) throw error
      if (this.#signedIn?.token === token) this.#signedIn = undefined
      return await run((await this.#current(signal)).token)
    }
  }

  async #current(signal: AbortSignal | undefined): Promise<SignedIn> {
    signal?.throwIfAborted()
    if (this.#signedIn !== undefined && Date.now() < this.#signedIn.renewAt) return this.#signedIn
    this.#signingIn ??= this.#signIn().finally(() => {
      this.#signingIn = undefined
    })
    return orAborted(this.#signingIn, signal)
  }

  /** Without the signal of any one caller: others wait for it too. */
  async #signIn(): Promise<SignedIn> {
    const secret = typeof this.#secret === "function" ? await this.#secret() : this.#secret
    const began = Date.now()
    const { accessToken: token, expiresIn } = await this.#client.send(adminSignIn, { body: { secret } })
    this.#signedIn = { token, renewAt: began + expiresIn * 1000 * RENEW_AFTER }
    return this.#signedIn
  }
}

const isRefusedToken = (error: unknown): boolean =>
  error instanceof BrokerError && (error.code === "unauthorized" || error.code === "token_revoked")

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener("abort", stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop))
  })
}
