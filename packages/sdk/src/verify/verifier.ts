import { type Claims, checkClaims, findRevocation, TokenError, verifyToken } from "@agentwrit/core"
import { appSession } from "../app-session.ts"
import { BrokerClient } from "../broker-client.ts"
import { delay } from "../retry.ts"
import type { Session } from "../session.ts"
import { InvalidTokenError, invalidToken, VerifierUnavailableError } from "./errors.ts"
import { FeedFollower } from "./feed-follower.ts"
import { introspect } from "./introspection.ts"
import { KeySet } from "./key-set.ts"
import { type RevocationMode, readTerms, type VerifierOptions, type VerifierTerms } from "./options.ts"
import { type PresentedProof, Proofs } from "./proofs.ts"
import { Revocations } from "./revocations.ts"
import { type RememberedToken, type VerifiedClaims, VerifiedTokens } from "./verified-tokens.ts"

/**
 * Verifies tokens for a resource server. Use one per process and close it at the end, because it keeps a connection
 * open.
 */
export interface Verifier extends AsyncDisposable {
  /** The broker that issues the tokens. */
  readonly brokerUrl: string
  /** How it learns of revocations. */
  readonly revocation: RevocationMode
  /** The audience that tokens must name; `undefined` when it is not checked. */
  readonly audience: string | undefined
  /**
   * Verifies a token: form, signature, delegation chain, times, issuer, audience, revocation (CONTRACT 2 and 5). It
   * accepts tokens of apps and operators too. Check `kind`, and call `requireScope` afterwards, which their reserved
   * scopes never satisfy.
   * @param proof what came with `Authorization: DPoP`. A token that is bound to a key needs it, and any other must come
   * without it.
   * @returns the frozen claims.
   * @throws `InvalidTokenError`; `InvalidProofError`; `VerifierUnavailableError` when it cannot know.
   */
  verify(token: string, proof?: PresentedProof): Promise<VerifiedClaims>
  /**
   * Waits until tokens can be verified.
   * @throws `VerifierUnavailableError` with the reason after `timeoutMs`, default 30,000.
   */
  ready(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Stops its background work. From then on it accepts nothing. */
  close(): Promise<void>
}

/**
 * Makes a verifier, which starts to fetch the broker's keys and to follow its revocation feed. `ready` waits for both.
 * A call of
 * `verify` before that waits for the first attempt.
 * @throws `TypeError` for invalid options.
 * @example
 * const verifier = createVerifier({ brokerUrl: "https://broker.example", audience: "crm" })
 * await verifier.ready()
 * const claims = await verifier.verify(token)
 * requireScope(claims, "read:data:customer-7291")
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const terms = readTerms(options)
  if (terms.revocation === "none") warnOfModeNone()
  return new BrokerVerifier(options, terms)
}

class BrokerVerifier implements Verifier {
  readonly brokerUrl: string
  readonly revocation: RevocationMode
  readonly audience: string | undefined
  readonly #terms: VerifierTerms
  readonly #client: BrokerClient
  readonly #keys: KeySet
  readonly #revocations: Revocations | undefined
  readonly #tokens = new VerifiedTokens()
  readonly #proofs = new Proofs()
  readonly #closing = new AbortController()
  readonly #background: Promise<unknown>
  #changed = Promise.withResolvers<void>()
  /** Resolves after the first attempt to reach the broker, and after the timeout of one call at the latest. */
  #firstTry: Promise<void> | undefined

  constructor(options: VerifierOptions, terms: VerifierTerms) {
    const { signal } = this.#closing
    this.#terms = terms
    this.#client = new BrokerClient(options)
    this.brokerUrl = this.#client.brokerUrl
    this.revocation = terms.revocation
    this.audience = terms.audience
    const session = feedSession(this.#client, options)
    this.#keys = new KeySet(this.#client, signal)
    const tasks = [this.#keys.keepFresh()]
    if (terms.revocation === "feed") {
      this.#revocations = new Revocations(terms)
      const atMost = delay(options.timeoutMs ?? 10_000, signal).catch(() => undefined)
      this.#firstTry = Promise.race([this.#changed.promise, atMost]).finally(() => {
        this.#firstTry = undefined
      })
      tasks.push(this.#follow(options, this.#revocations, session))
    }
    this.#background = Promise.all(tasks)
  }

  async verify(token: string, proof?: PresentedProof): Promise<VerifiedClaims> {
    if (this.#firstTry !== undefined) await this.#firstTry
    this.#throwIfUnavailable()
    const remembered =
      this.#tokens.get(token) ?? this.#verifyByKnownKeys(token) ?? (await this.#verifyByFetchedKeys(token))
    if (this.revocation === "introspect") await this.#introspect(token, remembered)
    // No await below, so that all checks see the same state.
    this.#throwIfUnavailable()
    this.#throwIfInvalid(token, remembered)
    this.#proofs.check(token, remembered.claims, proof)
    return remembered.claims
  }

  async ready({ timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const end = Promise.withResolvers<"end">()
    const timer = setTimeout(() => end.resolve("end"), timeoutMs)
    try {
      if (this.#revocations === undefined) {
        if ((await Promise.race([this.#keys.load(), end.promise])) === "end") throw notReady(timeoutMs)
      } else {
        while (this.#unavailable() !== undefined && !this.#closing.signal.aborted)
          if ((await Promise.race([this.#changed.promise, end.promise])) === "end") break
      }
      this.#throwIfUnavailable()
    } finally {
      clearTimeout(timer)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#tokens.clear()
    this.#notifyChange()
    await this.#background
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #follow(options: VerifierOptions, revocations: Revocations, session: Session | undefined): Promise<void> {
    const { fetch = globalThis.fetch } = options
    // The follower repeats by itself, from its current position.
    const client = new BrokerClient({ ...options, retries: 0 })
    return new FeedFollower({
      client,
      authorized: (signal, send) => (session === undefined ? send() : session.authorized({ signal }, send)),
      refusalOf: (answer) => client.refusalOf(answer),
      brokerUrl: this.brokerUrl,
      fetch: (url, init) => fetch(url, init),
      keys: this.#keys,
      revocations,
      maxStalenessMs: this.#terms.maxStalenessMs,
      signal: this.#closing.signal,
      changed: () => this.#notifyChange(),
    }).run()
  }

  #notifyChange(): void {
    const changed = this.#changed
    this.#changed = Promise.withResolvers()
    changed.resolve()
  }

  #unavailable(): VerifierUnavailableError | undefined {
    if (this.#closing.signal.aborted) return new VerifierUnavailableError("verifier_closed", "the verifier is closed")
    return this.#revocations?.unavailable
  }

  #throwIfUnavailable(): void {
    const unavailable = this.#unavailable()
    if (unavailable !== undefined) throw unavailable
  }

  /** Verifies without a fetch, as nearly always. `undefined` when the token's key is unknown. */
  #verifyByKnownKeys(token: string): RememberedToken | undefined {
    try {
      return this.#tokens.remember(token, verifyToken(token, this.#keys.known))
    } catch (error) {
      if (error instanceof TokenError && error.code === "unknown_key") return undefined
      throw invalidToken(error)
    }
  }

  async #verifyByFetchedKeys(token: string): Promise<RememberedToken> {
    try {
      return this.#tokens.remember(token, await this.#keys.verifying((findKey) => verifyToken(token, findKey)))
    } catch (error) {
      if (error instanceof VerifierUnavailableError) throw error
      throw invalidToken(error)
    }
  }

  #throwIfInvalid(token: string, remembered: RememberedToken): void {
    const { claims, keyIds } = remembered
    const { issuer, audience, clockToleranceS: clockTolerance } = this.#terms
    const withdrawn = keyIds.find((keyId) => this.#keys.known(keyId) === undefined)
    if (withdrawn !== undefined) {
      this.#tokens.forget(token)
      throw new InvalidTokenError("unknown_key", `token is signed by a key that the broker withdrew: ${withdrawn}`)
    }
    try {
      checkClaims(claims as Claims, { now: Date.now() / 1000, issuer, audience, clockTolerance })
    } catch (error) {
      this.#tokens.forget(token)
      throw invalidToken(error)
    }
    if (this.#revocations !== undefined) throwIfRevoked(remembered, this.#revocations)
  }

  async #introspect(token: string, remembered: RememberedToken): Promise<void> {
    this.#throwIfInvalid(token, remembered)
    const asked = performance.now()
    if (asked - remembered.validatedAt < this.#terms.maxStalenessMs) return
    await introspect(this.#client, token, remembered.claims, this.#closing.signal)
    remembered.validatedAt = asked
  }
}

function throwIfRevoked(remembered: RememberedToken, revocations: Revocations): void {
  if (remembered.unrevokedAt === revocations.version) return
  if (revocations.set.revokes(remembered.probe)) {
    const hit = findRevocation(remembered.claims as Claims, revocations.set)
    throw new InvalidTokenError("token_revoked", `token is revoked at level ${hit?.level}: ${hit?.target}`)
  }
  remembered.unrevokedAt = revocations.version
}

/** What signs in to the feed; `undefined` for a public one. */
function feedSession(client: BrokerClient, { clientId, clientSecret }: VerifierOptions): Session | undefined {
  if (clientId === undefined && clientSecret === undefined) return undefined
  return appSession(client, { clientId: clientId ?? "", clientSecret: clientSecret ?? "" })
}

function notReady(timeoutMs: number): VerifierUnavailableError {
  return new VerifierUnavailableError("keys_unavailable", `the broker's keys did not come within ${timeoutMs} ms`)
}

let hasWarned = false

function warnOfModeNone(): void {
  if (hasWarned) return
  hasWarned = true
  console.warn('AgentWrit: with revocation: "none", revoked and released tokens are accepted until they expire')
}
