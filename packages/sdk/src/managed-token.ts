import { abortable } from "./abortable.ts"
import type { OriginSchemes, TokenScheme } from "./allowed-origins.ts"
import type { AuthorizationHeaders, BrokerClient, CallOptions } from "./broker-client.ts"
import { isValid, release, renew } from "./calls.ts"
import { CredentialError } from "./credential-error.ts"
import { type AgentWritError, BrokerError } from "./errors.ts"
import { type IssuedToken, isBound, issuedToken } from "./issued-token.ts"
import { Lifetime } from "./lifetime.ts"
import type { Prover, RequestTarget } from "./prover.ts"
import { isRefusal, renewalPoint, renewalRetryDelay } from "./renewal-schedule.ts"
import { MAX_TIMER_MS } from "./retry.ts"

/** A failure in the background, outside of any call of the program. */
export interface CredentialFailure {
  readonly during: "renewal" | "release"
  readonly error: AgentWritError
  /** Whether it will be tried again automatically. */
  readonly willRetry: boolean
}

/** An agent and its token. */
export interface Registered {
  readonly id: string
  readonly token: IssuedToken
}

/** Whether a token is renewed automatically, only on request, or never. */
export type Renewal = "auto" | "manual" | "never"

/** The checked options of a credential. */
export interface CredentialTerms {
  readonly client: BrokerClient
  readonly allowedOrigins: OriginSchemes
  /** Makes the proofs for a bound token. Absent where the key is another process's. */
  readonly prover: Prover | undefined
  readonly renewal: Renewal
  /** Registers the agent anew, with the same key. Absent: this process cannot. */
  readonly registerAgain?: (() => Promise<Registered>) | undefined
  readonly onError: ((failure: CredentialFailure) => void) | undefined
}

/**
 * Seconds after a renewal without an answer for which the old token may still be presented. After 10 s the broker takes
 * it for stolen and ends the agent (CONTRACT 3); the rest is for the way there.
 */
const UNANSWERED_PERIOD_S = 5

/**
 * A token and its successors, until the release. At most one renewal runs at a time, and none starts after the release.
 */
export class ManagedToken {
  readonly #terms: CredentialTerms
  #id: string
  #token: IssuedToken
  #renewalPoint = renewalPoint()
  #timer: ReturnType<typeof setTimeout> | undefined
  #renewing: Promise<void> | undefined
  /** The number of failed renewals since the current token was issued, and the last error. */
  #failures = 0
  #failure: AgentWritError | undefined
  /** Set when the answer to a renewal was lost: the token may be replaced. It may be presented until this ends. */
  #unanswered: Lifetime | undefined
  #released = false
  #releasing: Promise<void> | undefined

  constructor({ id, token }: Registered, terms: CredentialTerms) {
    this.#terms = terms
    this.#id = id
    this.#token = token
    this.#renewLater()
  }

  get #isAutomatic(): boolean {
    return this.#terms.renewal === "auto" && !this.#released
  }

  /** The SPIFFE id of the agent. */
  get id(): string {
    return this.#id
  }

  get expiresAt(): Date {
    return new Date(this.#token.lifetime.expiresAt)
  }

  /** The current token. Renews it first if that is due, unless the last renewal failed. */
  async token({ signal }: CallOptions = {}): Promise<string> {
    signal?.throwIfAborted()
    this.#checkNotReleased()
    const due = this.#isAutomatic && this.#token.lifetime.until(this.#renewalPoint) <= 0
    if (this.#failure === undefined && (due || this.#renewing !== undefined)) {
      const renewed = this.#renewShared().catch(() => undefined)
      await abortable(renewed, signal)
      this.#checkNotReleased()
    }
    if (isFinal(this.#failure) && this.#failure?.code !== "forbidden") throw this.#failure
    this.#checkNotExpired()
    // A service that gets a bearer token may ask the broker about it.
    if (this.#isLate && !isBound(this.#token.value)) throw renewalLost(this.#failure)
    return this.#token.value
  }

  /**
   * The headers that authorize a request with the current token.
   * @param scheme how a bound token goes there. An unbound one is always a bearer token.
   */
  async headers(target: RequestTarget & CallOptions, scheme: TokenScheme = "dpop"): Promise<AuthorizationHeaders> {
    const token = await this.token(target)
    if (target.url.startsWith(this.#terms.client.brokerUrl) && !(await this.#isPresentable()))
      throw renewalLost(this.#failure)
    return this.#authorize(token, target, scheme)
  }

  async #authorize(token: string, target: RequestTarget, scheme: TokenScheme): Promise<AuthorizationHeaders> {
    const { prover } = this.#terms
    const bound = isBound(token)
    if (bound && prover === undefined)
      throw new CredentialError("key_missing", "the token is bound to the key of the agent that it was delegated to", {
        hint: "pass it to that agent, which uses it by `acceptDelegation({ agent, token })`",
      })
    if (!bound || prover === undefined || scheme === "bearer") return { authorization: `Bearer ${token}` }
    return { authorization: `DPoP ${token}`, dpop: await prover.prove(token, target) }
  }

  async renew({ signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#terms.renewal === "never")
      throw new CredentialError("not_renewable", "a delegated token cannot be renewed", {
        hint: "ask its delegator for another token",
      })
    this.#checkNotReleased()
    this.#checkNotExpired()
    return abortable(this.#renewShared(), signal)
  }

  release(cascade = false): Promise<void> {
    this.#released = true
    clearTimeout(this.#timer)
    this.#releasing ??= this.#sendRelease(cascade).catch((error: unknown) => {
      this.#releasing = undefined
      throw error
    })
    return this.#releasing
  }

  /** Releases at the end of a block, without an error that would hide the block's own. */
  async dispose(): Promise<void> {
    await this.release().catch((error: AgentWritError) => this.#report({ during: "release", error, willRetry: false }))
  }

  /** Authorizes a call of the broker, also with a token that is no longer to be used elsewhere. */
  readonly #authorizeCall = (target: RequestTarget): Promise<AuthorizationHeaders> =>
    this.#authorize(this.#token.value, target, "dpop")

  #renewShared(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #renew(): Promise<void> {
    clearTimeout(this.#timer)
    const requestedAt = performance.now()
    try {
      const { id, token } = await this.#successor(requestedAt)
      this.#id = id
      this.#token = token
      this.#terms.prover?.learnTime(token.value)
      this.#renewalPoint = renewalPoint()
      this.#failures = 0
      this.#failure = undefined
      this.#unanswered = undefined
      this.#renewLater()
    } catch (caught) {
      const error = caught as AgentWritError
      this.#failure = error
      // A broker that failed may have replaced the token before.
      if (!(error instanceof BrokerError && error.status < 500))
        this.#unanswered ??= new Lifetime(UNANSWERED_PERIOD_S, requestedAt)
      const left = this.#token.lifetime.left()
      const wait = this.#isAutomatic ? renewalRetryDelay(error, this.#failures++, left) : undefined
      this.#report({ during: "renewal", error, willRetry: wait !== undefined })
      if (wait !== undefined) this.#startTimer(wait)
      throw error
    }
  }

  /** The renewed token; where the answer to a renewal was lost, that of a new registration. */
  async #successor(requestedAt: number): Promise<Registered> {
    const { client, registerAgain } = this.#terms
    if (await this.#isPresentable()) {
      try {
        const answer = await client.send(renew, { authorize: this.#authorizeCall })
        return { id: this.#id, token: issuedToken(client.brokerUrl, answer, requestedAt) }
      } catch (error) {
        const isReplaced = error instanceof BrokerError && error.code === "token_revoked"
        if (!isReplaced || this.#unanswered === undefined) throw error
      }
    }
    if (registerAgain === undefined) throw renewalLost(this.#failure)
    return registerAgain()
  }

  /** Whether a renewal may have replaced the token so long ago that the broker would take it for stolen. */
  get #isLate(): boolean {
    return this.#unanswered !== undefined && this.#unanswered.until(1) <= 0
  }

  /** Whether the broker may get the token. A bound one may be asked about: without a proof it ends nobody. */
  async #isPresentable(): Promise<boolean> {
    if (!this.#isLate) return true
    if (!isBound(this.#token.value)) return false
    const { valid } = await this.#terms.client.send(isValid, { body: { token: this.#token.value } })
    if (valid) this.#unanswered = undefined
    return valid
  }

  #renewLater(): void {
    const wait = this.#token.lifetime.until(this.#renewalPoint)
    if (this.#isAutomatic) this.#startTimer(Math.min(Math.max(wait, 0), MAX_TIMER_MS))
  }

  #startTimer(wait: number): void {
    this.#timer = setTimeout(() => {
      const early = this.#failure === undefined && this.#token.lifetime.until(this.#renewalPoint) > 0
      if (early) this.#renewLater()
      // A failure is already reported.
      else this.#renewShared().catch(() => undefined)
    }, wait)
    // In Node, this timer must not keep the process alive. In browsers a timer is a number.
    const timer: { unref?(): unknown } = Object(this.#timer)
    timer.unref?.()
  }

  async #sendRelease(cascade: boolean): Promise<void> {
    // A renewal in progress may replace the token; release the new one then.
    await this.#renewing?.catch(() => undefined)
    try {
      const body = cascade ? { body: { cascade } } : {}
      if (!(await this.#isPresentable())) throw renewalLost(this.#failure)
      await this.#terms.client.send(release, { authorize: this.#authorizeCall, ...body })
    } catch (error) {
      const { code } = error as AgentWritError
      if (code !== "token_revoked" && code !== "unauthorized" && code !== "renewal_lost") throw error
      if (this.#unanswered !== undefined)
        throw new CredentialError(
          "release_uncertain",
          "the answer to a renewal was lost; its token may still be valid",
          {
            hint: "it expires by itself; an operator can revoke the agent now",
            cause: error,
          },
        )
    }
  }

  #report(failure: CredentialFailure): void {
    // In a separate task, so that an error in the callback does not affect the renewal.
    queueMicrotask(() => this.#terms.onError?.(failure))
  }

  #checkNotReleased(): void {
    if (this.#released)
      throw new CredentialError("credential_released", "the credential was released", {
        hint: "register an agent for each task",
      })
  }

  #checkNotExpired(): void {
    if (this.#token.lifetime.left() <= 0)
      throw new CredentialError("credential_expired", "the token has expired", {
        hint: "register again, or ask the delegator for another token",
        ...(this.#failure && { cause: this.#failure }),
      })
  }
}

/** Whether asking again does not help. */
const isFinal = (error: AgentWritError | undefined): boolean => isRefusal(error) || error instanceof CredentialError

function renewalLost(cause: AgentWritError | undefined): CredentialError {
  return new CredentialError("renewal_lost", "the answer to a renewal was lost, and the token may have been replaced", {
    hint: "register another agent; what remains of this one expires by itself",
    ...(cause !== undefined && { cause }),
  })
}
