import type { DelegationRecord } from "@agentwrit/core"
import type { BrokerClient, CallOptions } from "./broker-client.ts"
import { delegate } from "./calls.ts"
import { type CredentialFetch, createCredentialFetch } from "./credential-fetch.ts"
import { type CredentialFailure, HeldToken, type Renewal } from "./held-token.ts"
import { type IssuedToken, issuedToken } from "./issued-token.ts"

/** How a credential is used. */
export interface CredentialOptions {
  /**
   * The only origins that its `fetch` may go to, such as `https://api.example.com`; what else is asked for is refused before anything
   * is sent. Default: any `https` origin, and `http` on this machine.
   */
  readonly allowedOrigins?: readonly string[] | undefined
  /** Told of renewals that failed, and of a release that failed at the end of an `await using` block. */
  readonly onError?: ((failure: CredentialFailure) => void) | undefined
}

/** What to hand to which agent. */
export interface DelegateOptions extends CallOptions {
  /** The SPIFFE id of a registered, active agent other than this one. */
  readonly to: string
  /** Within this credential's own scope. */
  readonly scope: readonly string[]
  /** Seconds; the delegated token never outlives this credential's present one. Default 60. */
  readonly ttl?: number | undefined
}

/** Whose credential it is, and for what. */
export interface CredentialNames {
  readonly id: string
  readonly orchId: string
  readonly taskId: string
  readonly scope: readonly string[]
}

/** What a credential was made with, checked. */
export interface CredentialTerms {
  readonly client: BrokerClient
  readonly allowedOrigins: ReadonlySet<string> | undefined
  readonly onError: ((failure: CredentialFailure) => void) | undefined
  readonly renewal: Renewal
}

/**
 * A token and what can be done with it. Printing, serializing or cloning it shows no token.
 *
 * `await using` releases it at the end of the block. That never throws, so whatever the block threw stays what is thrown; a release
 * that failed is told to `onError`, and the token then expires by itself.
 */
export class Credential implements AsyncDisposable {
  /** The SPIFFE id of the agent that it names. */
  readonly id: string
  readonly orchId: string
  readonly taskId: string
  readonly scope: readonly string[]
  readonly #terms: CredentialTerms
  readonly #held: HeldToken
  readonly #fetch: CredentialFetch

  constructor({ id, orchId, taskId, scope }: CredentialNames, token: IssuedToken, terms: CredentialTerms) {
    this.id = id
    this.orchId = orchId
    this.taskId = taskId
    this.scope = Object.freeze([...scope])
    this.#terms = terms
    this.#held = new HeldToken(token, terms)
    this.#fetch = createCredentialFetch(this.#held, terms)
  }

  /** When the present token expires, by this machine's clock. */
  get expiresAt(): Date {
    return this.#held.expiresAt
  }

  /**
   * The standard `fetch`, with the token as `Authorization: Bearer`. It needs no `this`, so it can be handed to clients that take a
   * `fetch`. Redirects are followed; the token goes along within its origin alone.
   * @throws {@link TargetError} before anything is sent where it must not go; {@link CredentialError} when there is no token to send.
   */
  get fetch(): CredentialFetch {
    return this.#fetch
  }

  /**
   * The present token, for clients that take one; renewed first if that is due.
   * @throws {@link CredentialError} `credential_expired`, `credential_released`; {@link BrokerError} when it was revoked.
   */
  token(options?: CallOptions): Promise<string> {
    return this.#held.token(options)
  }

  /**
   * Replaces the token now; the old one is refused from then on. Concurrent renewals are one.
   * @throws {@link CredentialError} `not_renewable` for a delegated one; {@link BrokerError}, {@link NetworkError}
   */
  renew(options?: CallOptions): Promise<void> {
    return this.#held.renew(options)
  }

  /**
   * Makes a token of part of this credential for another agent, signed by the broker with the chain of who handed it on.
   * @throws {@link BrokerError} `scope_violation` for a wider scope, `not_found` for an agent that is not active
   */
  async delegate({ to, scope, ttl, signal }: DelegateOptions): Promise<DelegatedCredential> {
    const bearer = await this.token({ signal })
    const ticks = performance.now()
    const body = { delegateTo: to, scope, ttl }
    const answer = await this.#terms.client.send(delegate, { bearer, body, signal })
    const names = { id: to, orchId: this.orchId, taskId: this.taskId, scope }
    const token = issuedToken(this.#terms.client, answer, ticks)
    return new DelegatedCredential(names, token, answer.delegationChain, this.#terms)
  }

  /**
   * Gives the token back: the broker refuses it from now on, and nothing renews it. Further calls do nothing, or try again what failed.
   * @throws {@link NetworkError}, {@link BrokerError}; {@link CredentialError} `release_uncertain`
   */
  release(): Promise<void> {
    return this.#held.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#held.dispose()
  }
}

/** A registered agent: its identity, and a token that is renewed in time for as long as the task takes. */
export class Agent extends Credential {}

/** What one agent handed to another. It cannot be renewed: ask its delegator for the next one. */
export class DelegatedCredential extends Credential {
  /** Who handed it on, the first delegator first, as the broker signed it. */
  readonly chain: readonly DelegationRecord[]

  constructor(names: CredentialNames, token: IssuedToken, chain: readonly DelegationRecord[], terms: CredentialTerms) {
    super(names, token, { ...terms, renewal: "never" })
    this.chain = chain
  }
}
