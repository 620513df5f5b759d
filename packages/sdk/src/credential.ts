import type { DelegationRecord } from "@agentwrit/core"
import { type AllowedOrigins, checkTarget } from "./allowed-origins.ts"
import type { AuthorizationHeaders, CallOptions } from "./broker-client.ts"
import { delegate } from "./calls.ts"
import { type CredentialFetch, createCredentialFetch } from "./credential-fetch.ts"
import { type IssuedToken, issuedToken } from "./issued-token.ts"
import { type CredentialFailure, type CredentialTerms, ManagedToken } from "./managed-token.ts"
import type { RequestTarget } from "./prover.ts"

/** How a credential may be used. */
export interface CredentialOptions {
  /**
   * The only origins that its token may go to, such as `https://api.example.com`. Others are refused before anything is
   * sent. Default: those of the app, or else none, so that each `fetch` must name its own.
   */
  readonly allowedOrigins?: AllowedOrigins | undefined
  /** Called when a renewal fails, and when the release at the end of `run` or of an `await using` block fails. */
  readonly onError?: ((failure: CredentialFailure) => void) | undefined
}

/** The request that headers are for. */
export interface HeadersOptions extends CallOptions {
  readonly method: string
  readonly url: string | URL
}

/** What to delegate, and to which agent. */
export interface DelegateOptions extends CallOptions {
  /** The SPIFFE id of a registered, active agent other than this one. */
  readonly to: string
  /** Within this credential's own scope. */
  readonly scope: readonly string[]
  /** Seconds. The delegated token never outlives this credential's current one. Default 60. */
  readonly ttl?: number | undefined
}

/** The names of {@link CredentialOptions}. */
export const CREDENTIAL_OPTIONS: Readonly<Record<keyof CredentialOptions, true>> = {
  allowedOrigins: true,
  onError: true,
}

/** The agent, task and scope of a credential. */
export interface CredentialNames {
  readonly id: string
  readonly orchId: string
  readonly taskId: string
  readonly scope: readonly string[]
}

/** The terms of a credential, for this package only. */
export let termsOf: (credential: Credential) => CredentialTerms

/**
 * A token and what can be done with it. Printing, serializing or cloning it reveals no token.
 *
 * `run` releases it at the end of a function, and `await using` (Node 24 and newer) at the end of a block. That never
 * throws, so it cannot hide an error of the function or block. If the release fails, `onError` is called and the token
 * expires by itself.
 */
export class Credential implements AsyncDisposable {
  readonly orchId: string
  readonly taskId: string
  readonly scope: readonly string[]
  readonly #terms: CredentialTerms
  readonly #token: ManagedToken
  readonly #fetch: CredentialFetch

  static {
    termsOf = (credential) => credential.#terms
  }

  constructor({ id, orchId, taskId, scope }: CredentialNames, token: IssuedToken, terms: CredentialTerms) {
    this.orchId = orchId
    this.taskId = taskId
    this.scope = Object.freeze([...scope])
    this.#terms = terms
    this.#token = new ManagedToken({ id, token }, terms)
    this.#fetch = createCredentialFetch(this.#token, terms)
  }

  /**
   * The SPIFFE id of the agent. It changes only when the answer to a renewal was lost: an agent of an app then registers
   * anew, with the same key.
   */
  get id(): string {
    return this.#token.id
  }

  /** When the current token expires, by this machine's clock. */
  get expiresAt(): Date {
    return this.#token.expiresAt
  }

  /**
   * The standard `fetch`, with the token: a bound one with a proof for each request (RFC 9449), any other as a bearer
   * token. It needs no `this`, so it can be passed to clients that accept a `fetch`. It follows redirects, and drops
   * the token when they leave its origin.
   * @throws {@link TargetError} when a target is not allowed, before anything is sent there; {@link CredentialError}
   * when there is no token to send.
   */
  get fetch(): CredentialFetch {
    return this.#fetch
  }

  /**
   * The headers that authorize one request, for clients that do not accept a `fetch`. A bound token needs new ones for
   * each request, within 60 s.
   * @throws as {@link Credential.fetch}; `TypeError` when the URL is not absolute.
   */
  headers({ method, url, signal }: HeadersOptions): Promise<AuthorizationHeaders> {
    const target = new URL(url)
    const scheme = checkTarget(target, this.#terms.allowedOrigins)
    return this.#token.headers({ method, url: target.href, signal }, scheme)
  }

  /**
   * The current token, for clients that need the token itself. Renews it first if that is due. A bound one is refused
   * without a proof: use {@link Credential.fetch} or {@link Credential.headers} for requests.
   * @throws {@link CredentialError} `credential_expired`, `credential_released`; {@link BrokerError} when it was
   * revoked.
   */
  token(options?: CallOptions): Promise<string> {
    return this.#token.token(options)
  }

  /**
   * Replaces the token now; the broker refuses the old one from then on. Concurrent calls share one renewal.
   * @throws {@link CredentialError} `not_renewable` for a delegated one; {@link BrokerError}, {@link NetworkError}
   */
  renew(options?: CallOptions): Promise<void> {
    return this.#token.renew(options)
  }

  /**
   * Delegates a part of this credential to another agent. The broker signs the new token and its delegation chain.
   * Where that agent's tokens are bound to its key, only it can use the new one, by `acceptDelegation({ agent, token
   * })`.
   * @throws {@link BrokerError} `scope_violation` for a wider scope, `not_found` for an agent that is not active
   */
  async delegate({ to, scope, ttl, signal }: DelegateOptions): Promise<DelegatedCredential> {
    const authorize = (target: RequestTarget) => this.#token.headers({ ...target, signal })
    const requestedAt = performance.now()
    const body = { delegateTo: to, scope, ttl }
    const answer = await this.#terms.client.send(delegate, { authorize, body, signal })
    const names = { id: to, orchId: this.orchId, taskId: this.taskId, scope }
    const token = issuedToken(this.#terms.client.brokerUrl, answer, requestedAt)
    return new DelegatedCredential(names, token, answer.delegationChain, { ...this.#terms, prover: undefined })
  }

  /**
   * Releases the token: the broker refuses it from now on, and nothing renews it. Further calls repeat a release that
   * failed, and otherwise do nothing.
   * @param options with `cascade`, what was delegated from the token ends too. Default: it lives on.
   * @throws {@link NetworkError}, {@link BrokerError}; {@link CredentialError} `release_uncertain`
   */
  release({ cascade = false }: { readonly cascade?: boolean | undefined } = {}): Promise<void> {
    return this.#token.release(cascade)
  }

  /**
   * Runs a function and releases the token at its end, also when it throws. A release that fails is no error: `onError`
   * is called, and the token expires by itself.
   * @returns what the function returns.
   * @throws what the function throws.
   * @example
   * ```ts
   * const agent = await app.createAgent({ orchId: "crm", taskId: "t-42", scope: ["read:data:customer-7291"] })
   * const { status } = await agent.run(({ fetch }) => fetch("https://api.example.com/customers/7291"))
   * ```
   */
  async run<T>(work: (credential: this) => T | Promise<T>): Promise<T> {
    try {
      return await work(this)
    } finally {
      await this.#token.dispose()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#token.dispose()
  }
}

/** A registered agent: its identity, and a token that is renewed until the task ends. */
export class Agent extends Credential {}

/** A credential that one agent delegated to another. It cannot be renewed: ask its delegator for another one. */
export class DelegatedCredential extends Credential {
  /** The delegators, first one first, as the broker signed them. */
  readonly chain: readonly DelegationRecord[]

  constructor(names: CredentialNames, token: IssuedToken, chain: readonly DelegationRecord[], terms: CredentialTerms) {
    super(names, token, { ...terms, renewal: "never" })
    this.chain = chain
  }
}
