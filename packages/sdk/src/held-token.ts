import type { BrokerClient, CallOptions } from "./broker-client.ts"
import { release, renew } from "./calls.ts"
import { CredentialError } from "./credential-error.ts"
import { type AgentWritError, BrokerError } from "./errors.ts"
import { type IssuedToken, issuedToken } from "./issued-token.ts"
import { raced } from "./raced.ts"
import { afterFailure, isFinal, MAX_TIMER, renewalPoint } from "./renewal-schedule.ts"

/** A failure that happened beside any call of yours. */
export interface CredentialFailure {
  readonly during: "renewal" | "release"
  readonly error: AgentWritError
  /** Whether it will be tried again without anyone asking. */
  readonly willRetry: boolean
}

/** Whether a token is renewed by itself, by hand alone, or cannot be. */
export type Renewal = "auto" | "manual" | "never"

/** How a token is kept. */
export interface HeldTokenOptions {
  readonly client: BrokerClient
  readonly renewal: Renewal
  readonly onError: ((failure: CredentialFailure) => void) | undefined
}

/** One token and its successors, until it is given back. At most one renewal is under way, and none begins after the release. */
export class HeldToken {
  readonly #options: HeldTokenOptions
  #token: IssuedToken
  #renewalPoint = renewalPoint()
  #timer: ReturnType<typeof setTimeout> | undefined
  #renewing: Promise<void> | undefined
  /** Failed renewals since the present token came, and the last of them. */
  #failures = 0
  #failure: AgentWritError | undefined
  /** Whether a renewal was sent whose answer got lost: there may be a token that no one holds. */
  #uncertain = false
  #released = false
  #releasing: Promise<void> | undefined

  constructor(token: IssuedToken, options: HeldTokenOptions) {
    this.#options = options
    this.#token = token
    this.#renewLater()
  }

  get #isAutomatic(): boolean {
    return this.#options.renewal === "auto" && !this.#released
  }

  get expiresAt(): Date {
    return new Date(this.#token.lifetime.expiresAt)
  }

  /** The present token; renewed first when that is due, and as long as renewals do not fail. */
  async token({ signal }: CallOptions = {}): Promise<string> {
    signal?.throwIfAborted()
    this.#checkHeld()
    const due = this.#isAutomatic && this.#token.lifetime.until(this.#renewalPoint) <= 0
    if (this.#failure === undefined && (due || this.#renewing !== undefined)) {
      await raced(
        this.#renewShared().catch(() => undefined),
        signal,
      )
      this.#checkHeld()
    }
    if (isFinal(this.#failure) && this.#failure?.code !== "forbidden") throw this.#failure
    this.#checkAlive()
    return this.#token.value
  }

  async renew({ signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#options.renewal === "never")
      throw new CredentialError("not_renewable", "a delegated token cannot be renewed", {
        hint: "ask its delegator for another",
      })
    this.#checkHeld()
    this.#checkAlive()
    return raced(this.#renewShared(), signal)
  }

  release(): Promise<void> {
    this.#released = true
    clearTimeout(this.#timer)
    this.#releasing ??= this.#giveBack().catch((error: unknown) => {
      this.#releasing = undefined
      throw error
    })
    return this.#releasing
  }

  /** {@link HeldToken.release} for the end of a block, whose own error must not be lost. */
  async dispose(): Promise<void> {
    await this.release().catch((error: AgentWritError) => this.#report({ during: "release", error, willRetry: false }))
  }

  #renewShared(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #renew(): Promise<void> {
    clearTimeout(this.#timer)
    const ticks = performance.now()
    try {
      const answer = await this.#options.client.send(renew, { bearer: this.#token.value })
      this.#token = issuedToken(this.#options.client, answer, ticks)
      this.#renewalPoint = renewalPoint()
      this.#failures = 0
      this.#failure = undefined
      this.#uncertain = false
      this.#renewLater()
    } catch (caught) {
      const error = caught as AgentWritError
      this.#failure = error
      // A broker that fails may have acted before it did.
      this.#uncertain ||= !(error instanceof BrokerError && error.status < 500)
      const left = this.#token.lifetime.left()
      const wait = this.#isAutomatic ? afterFailure(error, this.#failures++, left) : undefined
      this.#report({ during: "renewal", error, willRetry: wait !== undefined })
      if (wait !== undefined) this.#startTimer(wait)
      throw error
    }
  }

  #renewLater(): void {
    const wait = this.#token.lifetime.until(this.#renewalPoint)
    if (this.#isAutomatic) this.#startTimer(Math.min(Math.max(wait, 0), MAX_TIMER))
  }

  #startTimer(wait: number): void {
    this.#timer = setTimeout(() => {
      const early = this.#failure === undefined && this.#token.lifetime.until(this.#renewalPoint) > 0
      if (early) this.#renewLater()
      // Whoever can be told of a failure was told.
      else this.#renewShared().catch(() => undefined)
    }, wait)
    // Where timers keep a process alive (Node), this one must not. Browsers have numbers for timers.
    const timer: { unref?(): unknown } = Object(this.#timer)
    timer.unref?.()
  }

  async #giveBack(): Promise<void> {
    // A renewal under way may bring another token, and that is then the one to give back.
    await this.#renewing?.catch(() => undefined)
    try {
      await this.#options.client.send(release, { bearer: this.#token.value })
    } catch (error) {
      const gone = error instanceof BrokerError && (error.code === "token_revoked" || error.code === "unauthorized")
      if (!gone) throw error
      if (this.#uncertain)
        throw new CredentialError(
          "release_uncertain",
          "the answer to a renewal was lost: its token may still be good",
          {
            hint: "it expires by itself; an operator can revoke the agent now",
            cause: error,
          },
        )
    }
  }

  #report(failure: CredentialFailure): void {
    // What the callback throws is its own affair, and no part of the renewal.
    queueMicrotask(() => this.#options.onError?.(failure))
  }

  #checkHeld(): void {
    if (this.#released)
      throw new CredentialError("credential_released", "the credential was released", {
        hint: "register an agent for each task",
      })
  }

  #checkAlive(): void {
    if (this.#token.lifetime.left() <= 0)
      throw new CredentialError("credential_expired", "the token has expired", {
        hint: "register again; a delegated token comes from its delegator",
        ...(this.#failure && { cause: this.#failure }),
      })
  }
}
