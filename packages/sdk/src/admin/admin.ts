import { type AuditEvent, appParameters, decode, keyParameters, launchTokenParameters } from "@agentwrit/contract"
import type { JwkSet } from "@agentwrit/core"
import {
  type BodyOf,
  BROKER_OPTIONS,
  BrokerClient,
  type BrokerOptions,
  type CallAnswer,
  type CallInput,
  type CallOptions,
} from "../broker-client.ts"
import type { Call } from "../call.ts"
import { release } from "../calls.ts"
import { BrokerError, InvalidRequestError } from "../errors.ts"
import { type IssuedToken, issuedToken, TOKEN_FORM } from "../issued-token.ts"
import { requireKnownOptions } from "../known-options.ts"
import { Lifetime } from "../lifetime.ts"
import { Session } from "../session.ts"
import { validate } from "../verify/calls.ts"
import { type AgentsFilter, type AgentsPage, type AgentsQuery, type AgentView, eachAgent } from "./agents.ts"
import {
  type EventsFilter,
  type EventsPage,
  type EventsQuery,
  eachEvent,
  type FollowOptions,
  followedEvents,
} from "./audit-events.ts"
import * as calls from "./calls.ts"
import { type TrailVerification, type TrailVerificationOptions, verifyBrokerTrail } from "./trail-verification.ts"

/** The operator's secret, or a function that fetches it at each sign-in. */
export type AdminSecret = string | (() => string | Promise<string>)

/** The part of its life in which an operator's token is used for new calls. */
const USABLE_PART = 0.8

/** An operator's sign-in, for {@link AdminSessionStore}. Who has the token can do what the operator can. */
export interface AdminSession {
  readonly token: string
  /** By this machine's clock. */
  readonly expiresAt: Date
}

/** Keeps a sign-in for the next process, so that a row of short programs signs in once. */
export interface AdminSessionStore {
  /** Called once, before the first sign-in. A session that has expired, or that the broker refuses, is not used. */
  load(): AdminSession | undefined | Promise<AdminSession | undefined>
  /** Called after each sign-in. An error fails the call that needed the sign-in. */
  save(session: AdminSession): void | Promise<void>
}

/** The broker and credentials of an operator. */
export interface AdminOptions extends BrokerOptions {
  /** The admin secret (`AA_ADMIN_SECRET`), or a function that fetches it, called at each sign-in. */
  readonly adminSecret: AdminSecret
  /** Keeps sign-ins between processes. Default: each instance signs in for itself. */
  readonly sessions?: AdminSessionStore | undefined
}

const NAMES: Readonly<Record<keyof AdminOptions, true>> = { ...BROKER_OPTIONS, adminSecret: true, sessions: true }

/** Options of a call of {@link AgentWritAdmin}. */
export interface AdminCallOptions extends CallOptions {
  /**
   * Called with the answer's JSON exactly as it came, for programs that pass it on. Also before the call rejects with
   * `UnexpectedAnswerError`, so that a secret that is shown once is not lost.
   */
  readonly onAnswer?: ((json: string) => void) | undefined
}

/** How an app is deregistered. */
export interface DeregistrationOptions extends AdminCallOptions {
  /**
   * Also ends its agents and all that they delegated. Default: they keep their tokens, but cannot renew or delegate.
   */
  readonly revoke?: boolean | undefined
}

/** An app and its ceiling. Instants are milliseconds since the Unix epoch, TTLs seconds. */
export type App = CallAnswer<typeof calls.getApp>
/** A new app. Its `clientSecret` is only shown here. */
export type CreatedApp = CallAnswer<typeof calls.createApp>
/** A request for a new app. */
export type AppCreation = BodyOf<typeof calls.createApp>
/** A change of an app: at least one of the two members. */
export type AppUpdate = BodyOf<typeof calls.updateApp>
/** A deregistered app. */
export type AppDeregistration = CallAnswer<typeof calls.deregisterApp>
/** All apps, newest first, including inactive ones. */
export type AppList = CallAnswer<typeof calls.listApps>
/** A request for a launch token. */
export type LaunchTokenCreation = BodyOf<typeof calls.createLaunchToken>
/** A new launch token. It is only shown here. */
export type CreatedLaunchToken = CallAnswer<typeof calls.createLaunchToken>
/** The launch tokens that have not expired. */
export type LaunchTokenList = CallAnswer<typeof calls.listLaunchTokens>
/** How a client secret is rotated. */
export type SecretRotation = BodyOf<typeof calls.rotateAppSecret>
/** A new client secret. It is only shown here. */
export type RotatedSecret = CallAnswer<typeof calls.rotateAppSecret>
/** Every signing key, the current ones first. Instants are milliseconds since the Unix epoch. */
export type KeyList = CallAnswer<typeof calls.listKeys>
/** A signing key. */
export type Key = CallAnswer<typeof calls.rotateKey>
/** How a signing key is rotated; `signsIn` is in seconds. */
export type KeyRotation = BodyOf<typeof calls.rotateKey>
/** The audit key that signs after a rotation. */
export type RotatedAuditKey = CallAnswer<typeof calls.rotateAuditKey>
/** A retired signing key. */
export type KeyRetirement = CallAnswer<typeof calls.retireKey>
/** What to revoke: a `level`, and a `target` of the form of that level (CONTRACT 3, "revoke"). */
export type Revocation = BodyOf<typeof calls.revoke>
/** What was revoked. */
export type RevocationReceipt = CallAnswer<typeof calls.revoke>
/** What a revocation would end. */
export type RevocationPreview = CallAnswer<typeof calls.previewRevocation>
/** The broker's health. */
export type Health = CallAnswer<typeof calls.health>
/** The broker's verdict on a token. */
export type Validation = CallAnswer<typeof validate>

/**
 * The API of a broker's operator: manages apps, makes launch tokens, revokes, reads and verifies the audit trail. It
 * signs in when a call first needs it, again before its token expires, and once more when the broker refuses the token.
 *
 * Every call rejects with `BrokerError` when the broker refuses, `NetworkError` when it cannot be reached,
 * `InvalidRequestError` when the request has a wrong form (it is not sent), and `UnexpectedAnswerError` when something
 * else answers.
 * @example
 * const admin = new AgentWritAdmin({ brokerUrl: "https://broker.example", adminSecret })
 * const app = await admin.createApp({ name: "billing", scopes: ["read:data:*"] })
 * await admin.revoke({ level: "task", target: "task-001" })
 */
export class AgentWritAdmin {
  readonly #client: BrokerClient
  readonly #session: Session
  readonly #adminSecret: AdminSecret
  readonly #sessions: AdminSessionStore | undefined
  #isLoaded = false

  /**
   * @throws `TypeError` for invalid options; `TargetError` `insecure_target` for a broker without TLS on another
   * machine.
   */
  constructor(options: AdminOptions) {
    requireKnownOptions<AdminOptions>("AgentWritAdmin", options, NAMES)
    const { adminSecret, sessions } = options
    if (typeof adminSecret !== "function" && (typeof adminSecret !== "string" || adminSecret === ""))
      throw new TypeError("adminSecret must be the admin secret, or a function that fetches it")
    this.#client = new BrokerClient(options)
    this.#adminSecret = adminSecret
    this.#sessions = sessions
    this.#session = new Session(async () => (await this.#loaded()) ?? this.#issue(), USABLE_PART)
  }

  /**
   * Signs in now, and saves the session in `sessions`. Other calls sign in by themselves.
   * @example
   * const { expiresAt } = await admin.signIn()
   */
  async signIn(): Promise<AdminSession> {
    const { value, lifetime } = await this.#issue()
    return { token: value, expiresAt: lifetime.expiresAt }
  }

  async #issue(): Promise<IssuedToken> {
    const secret = typeof this.#adminSecret === "function" ? await this.#adminSecret() : this.#adminSecret
    const requestedAt = performance.now()
    const answer = await this.#client.send(calls.adminSignIn, { body: { secret } })
    const token = issuedToken(this.#client.brokerUrl, answer, requestedAt)
    await this.#sessions?.save({ token: token.value, expiresAt: token.lifetime.expiresAt })
    return token
  }

  /** The kept session. Only once: when the broker refuses it, the next sign-in is a new one. */
  async #loaded(): Promise<IssuedToken | undefined> {
    if (this.#sessions === undefined || this.#isLoaded) return undefined
    const session = await this.#sessions.load()
    this.#isLoaded = true
    if (session === undefined || !TOKEN_FORM.test(session.token)) return undefined
    const lifetime = new Lifetime((session.expiresAt.getTime() - Date.now()) / 1000)
    return lifetime.left() > 0 ? { value: session.token, lifetime } : undefined
  }

  /** Registers an app under a ceiling. Keep its `clientSecret`: it is not shown again. */
  createApp(app: AppCreation, options: AdminCallOptions = {}): Promise<CreatedApp> {
    return this.#send(calls.createApp, { ...options, body: app })
  }

  /** All apps, newest first, including inactive ones. */
  listApps(options: AdminCallOptions = {}): Promise<AppList> {
    return this.#send(calls.listApps, options)
  }

  /** One app, active or inactive. */
  getApp(id: string, options: AdminCallOptions = {}): Promise<App> {
    return this.#sendTo(calls.getApp, id, options)
  }

  /** Changes an app's ceiling, token TTL, or both. A narrower ceiling applies at once. */
  updateApp(id: string, update: AppUpdate, options: AdminCallOptions = {}): Promise<App> {
    return this.#sendTo(calls.updateApp, id, { ...options, body: update })
  }

  /**
   * Deregisters an app: it cannot sign in, its tokens are revoked, its unused launch tokens are void, its agents cannot
   * renew.
   */
  deregisterApp(id: string, { revoke = false, ...options }: DeregistrationOptions = {}): Promise<AppDeregistration> {
    return this.#sendTo(calls.deregisterApp, id, { ...options, ...(revoke && { query: { revoke: "true" } }) })
  }

  /** Gives an app a new client secret. The old one stays valid for `grace` seconds, a day by default; 0 ends it now. */
  rotateAppSecret(id: string, rotation: SecretRotation = {}, options: AdminCallOptions = {}): Promise<RotatedSecret> {
    return this.#sendTo(calls.rotateAppSecret, id, { ...options, body: rotation })
  }

  /** Ends a revocation of level `app`: the app can sign in again. What was issued before stays revoked. */
  restoreApp(id: string, options: AdminCallOptions = {}): Promise<App> {
    return this.#sendTo(calls.restoreApp, id, options)
  }

  /** Makes a launch token, which permits one registration of an agent. */
  createLaunchToken(launchToken: LaunchTokenCreation, options: AdminCallOptions = {}): Promise<CreatedLaunchToken> {
    return this.#send(calls.createLaunchToken, { ...options, body: launchToken })
  }

  /** The launch tokens that have not expired, newest first, of the operator and of all apps. */
  listLaunchTokens(options: AdminCallOptions = {}): Promise<LaunchTokenList> {
    return this.#send(calls.listLaunchTokens, options)
  }

  /** Makes a launch token void, by the id of the list. The agents that registered with it live on. */
  async revokeLaunchToken(id: string, options: CallOptions = {}): Promise<void> {
    await this.#sendTo(calls.revokeLaunchToken, id, options, launchTokenParameters)
  }

  /** The signing keys that sign, will sign, or still verify something. */
  listKeys(options: AdminCallOptions = {}): Promise<KeyList> {
    return this.#send(calls.listKeys, options)
  }

  /**
   * Publishes a new signing key at once, which signs after `signsIn` seconds, 300 by default. The key before it verifies
   * until all that it signed has expired.
   */
  rotateKey(rotation: KeyRotation = {}, options: AdminCallOptions = {}): Promise<Key> {
    return this.#send(calls.rotateKey, { ...options, body: rotation })
  }

  /**
   * Lets a new audit key sign the trail's checkpoints. `verifyTrail` accepts the former key too, if it was pinned.
   * @returns the verifier key to pin from here on.
   */
  rotateAuditKey(options: AdminCallOptions = {}): Promise<RotatedAuditKey> {
    return this.#send(calls.rotateAuditKey, options)
  }

  /**
   * Retires a signing key with all that it signed, at once: also this operator's token, if that key signed it. The next
   * call signs in again.
   */
  async retireKey(kid: string, options: AdminCallOptions = {}): Promise<KeyRetirement> {
    const read = decode(keyParameters, { kid })
    if (!read.ok) throw new InvalidRequestError(read.code, read.detail)
    return this.#send(calls.retireKey, { ...options, id: kid })
  }

  /** One page of the agents, newest first. */
  listAgents(query: AgentsQuery = {}, options: AdminCallOptions = {}): Promise<AgentsPage> {
    return this.#send(calls.listAgents, { ...options, query })
  }

  /** All agents that match, newest first, each once. */
  agents(filter: AgentsFilter = {}, options: CallOptions = {}): AsyncGenerator<AgentView, void, undefined> {
    return eachAgent((query, call) => this.listAgents(query, call), filter, options)
  }

  /**
   * Revokes a token, an agent, a task, what was delegated from an agent, an app, or everything. Idempotent.
   * @returns in `affected` how many active agents and unexpired tokens this call ended. Both 0: nothing matched, or all
   * of it had ended before.
   */
  revoke(revocation: Revocation, options: AdminCallOptions = {}): Promise<RevocationReceipt> {
    return this.#send(calls.revoke, { ...options, body: revocation })
  }

  /** What {@link AgentWritAdmin.revoke} would end: counts, the first 100 agents, and the apps. Changes nothing. */
  previewRevocation(revocation: Revocation, options: AdminCallOptions = {}): Promise<RevocationPreview> {
    return this.#send(calls.previewRevocation, { ...options, body: revocation })
  }

  /**
   * Releases a bearer token. The token itself is the proof, so this does not sign in. A token that is bound to a key is
   * released by its agent only; {@link AgentWritAdmin.revoke} ends it at level `token`.
   * @returns whether this call ended it; `false` when it was already released or revoked.
   */
  async releaseToken(token: string, { signal }: CallOptions = {}): Promise<boolean> {
    try {
      await this.#client.send(release, { bearer: token, signal })
      return true
    } catch (error) {
      if (error instanceof BrokerError && error.code === "token_revoked") return false
      throw error
    }
  }

  /** Asks the broker whether a token is valid; it never says why one is not. Does not sign in. */
  validateToken(token: string, options: AdminCallOptions = {}): Promise<Validation> {
    return this.#client.send(validate, { ...options, body: { token } })
  }

  /** One page of the audit trail, in the chain's order. */
  listEvents(query: EventsQuery = {}, options: AdminCallOptions = {}): Promise<EventsPage> {
    return this.#send(calls.listEvents, { ...options, query })
  }

  /** All events that match, in the chain's order, each once while the trail grows. */
  events(filter: EventsFilter = {}, options: CallOptions = {}): AsyncGenerator<AuditEvent, void, undefined> {
    return eachEvent((query, call) => this.listEvents(query, call), filter, options)
  }

  /**
   * Events as they are recorded: those after `filter.after`, or else after the current last one. Temporary failures are
   * reported to
   * `onTrouble` and do not end it. It ends when the loop ends, or with the signal's reason when the signal aborts.
   * @example
   * for await (const event of admin.followEvents({ eventType: "token_revoked" }, { signal })) console.log(event.id)
   */
  async *followEvents(
    filter: EventsFilter = {},
    options: FollowOptions = {},
  ): AsyncGenerator<AuditEvent, void, undefined> {
    const after = filter.after ?? (await this.listEvents({ limit: 1 }, { signal: options.signal })).total
    yield* followedEvents((query, call) => this.listEvents(query, call), { ...filter, after }, options)
  }

  /** The trail's signed head, a C2SP checkpoint. Keep copies where the broker cannot change them. */
  checkpoint({ signal }: CallOptions = {}): Promise<string> {
    return this.#session.authorized({ signal }, (bearer) =>
      this.#client.exchange(calls.checkpoint, { signal, bearer, accept: "text/plain" }, (answer) => answer.text()),
    )
  }

  /**
   * Reads the whole trail and verifies it here: ids, hashes, the chain, and with a pinned key the broker's current
   * checkpoint and a kept one. A trail that does not verify is a report, not an error.
   * @throws `AuditError` when the key is malformed, or a checkpoint is not signed by it.
   * @example
   * const { report } = await admin.verifyTrail({ verifierKey: pinned, checkpoint: note })
   * if (!report.ok) console.error(report.message)
   */
  verifyTrail(options: TrailVerificationOptions = {}): Promise<TrailVerification> {
    return verifyBrokerTrail(
      {
        checkpoint: (call) => this.checkpoint(call),
        events: (call) => this.events({}, call),
        count: async (call) => (await this.listEvents({ limit: 1 }, call)).total,
      },
      options,
    )
  }

  /** The broker's health, also when it is degraded. Does not sign in. */
  health(options: AdminCallOptions = {}): Promise<Health> {
    return this.#client.send(calls.health, options)
  }

  /** The broker's metrics, in Prometheus' text format. Does not sign in. */
  metrics({ signal }: CallOptions = {}): Promise<string> {
    return this.#client.exchange(calls.metrics, { signal, accept: "text/plain" }, (answer) => answer.text())
  }

  /** The keys that verify the broker's tokens, as a JWK set. Does not sign in. */
  keys(options: AdminCallOptions = {}): Promise<JwkSet> {
    return this.#client.send(calls.jwks, options)
  }

  /**
   * As {@link AgentWritAdmin.#send}, for routes with an id in their path. Checks the id, which could name another
   * route.
   */
  async #sendTo<const C extends Call>(
    call: C,
    id: string,
    input: CallInput<C>,
    parameters: typeof appParameters | typeof launchTokenParameters = appParameters,
  ): Promise<CallAnswer<C>> {
    const read = decode(parameters, { id })
    if (!read.ok) throw new InvalidRequestError(read.code, read.detail)
    return this.#send(call, { ...input, id })
  }

  /** The client's `send`, with the operator's token. */
  async #send<const C extends Call>(call: C, input: CallInput<C>): Promise<CallAnswer<C>> {
    this.#client.check(call, input)
    return this.#session.authorized(input, (bearer) => this.#client.send(call, { ...input, bearer }))
  }
}
