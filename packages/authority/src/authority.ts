import { type AuditEventType, createRedactor } from "@agentwrit/audit"
import { type Claims, RevocationSet, revocationDigest, type SigningKey } from "@agentwrit/core"
import type { AdminSecret } from "./admin-secret.ts"
import { signInAdmin } from "./admin-sign-in.ts"
import { type AgentPage, type AgentQuery, countActiveAgents, queryAgents } from "./agents-query.ts"
import { type AppView, getApp, listApps } from "./app.ts"
import { type AppDeregistration, deregisterApp } from "./app-deregistration.ts"
import { type AppCreationRequest, type CreatedApp, createApp } from "./app-registration.ts"
import { type AppSignIn, type AppSignInRequest, signInApp } from "./app-sign-in.ts"
import { type AppUpdateRequest, updateApp } from "./app-update.ts"
import { type EventPage, type EventQuery, queryEvents } from "./audit-query.ts"
import { authenticate, type BearerNeeds, type BearerWording } from "./bearer.ts"
import { type Challenge, challenge } from "./challenge.ts"
import {
  auditOrigin,
  CheckpointSchedule,
  type CheckpointWitness,
  checkAgainstCheckpoints,
  signedCheckpoint,
} from "./checkpoint.ts"
import { type Clock, systemClock } from "./clock.ts"
import type { AuthorityContext, AuthoritySettings, Caller, Observer } from "./context.ts"
import { type Delegation, type DelegationRequest, delegate } from "./delegation.ts"
import { DenialFold } from "./denial-fold.ts"
import type { FeedMessage } from "./feed-message.ts"
import { type Health, health } from "./health.ts"
import {
  createAppLaunchToken,
  createLaunchToken,
  type IssuedLaunchToken,
  type LaunchTokenRequest,
} from "./launch-token.ts"
import { Maintenance, type MaintenanceReport } from "./maintenance.ts"
import { NonceMint } from "./nonce.ts"
import type { RevokedDigest } from "./records.ts"
import type { Refusal } from "./refusal.ts"
import { type Registration, type RegistrationRequest, register } from "./registration.ts"
import { releaseToken } from "./release.ts"
import { renewToken } from "./renewal.ts"
import { type DeclaredRestore, recordRestore } from "./restore.ts"
import { type RevocationReceipt, type RevocationRequest, revoke } from "./revocation.ts"
import { type FeedFollower, RevocationFeed } from "./revocation-feed.ts"
import { type SeedTokens, seedTokens } from "./seed.ts"
import type { Store } from "./store.ts"
import type { IssuedToken } from "./token-issue.ts"
import { commit, deny, subjectOf } from "./trail.ts"
import { TrailVerification } from "./trail-verification.ts"
import { validateToken } from "./validation.ts"
import { VerifiedTokens } from "./verified-tokens.ts"

/** What an authority is made of. */
export interface AuthorityOptions {
  readonly settings: AuthoritySettings
  readonly store: Store
  /** Signs tokens. */
  readonly signingKey: SigningKey
  /** Signs checkpoints; another key than the one that signs tokens. */
  readonly auditKey: SigningKey
  readonly adminSecret: AdminSecret
  readonly witness: CheckpointWitness
  /** The name on the trail's checkpoints. Default: that of the trust domain, before any restore. */
  readonly origin?: string
  /** Declares that the store was put back to an older copy. `auditKey`, `witness` and `origin` have to be new then. */
  readonly restore?: DeclaredRestore
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: nobody is told. */
  readonly observer?: Observer
}

/** The use cases of AgentWrit. Every method that refuses throws a {@link Refusal}, which is in the trail by then. */
export interface Authority {
  readonly signingKey: SigningKey
  authenticate(caller: Caller, bearer: string | undefined, needs: BearerNeeds, wording?: BearerWording): Promise<Claims>
  signInAdmin(caller: Caller, secret: string): Promise<IssuedToken>
  createLaunchToken(caller: Caller, operator: Claims, request: LaunchTokenRequest): Promise<IssuedLaunchToken>
  createApp(caller: Caller, operator: Claims, request: AppCreationRequest): Promise<CreatedApp>
  listApps(): Promise<readonly AppView[]>
  getApp(appId: string | undefined): Promise<AppView>
  updateApp(caller: Caller, operator: Claims, appId: string | undefined, request: AppUpdateRequest): Promise<AppView>
  deregisterApp(caller: Caller, operator: Claims, appId: string | undefined): Promise<AppDeregistration>
  signInApp(caller: Caller, request: AppSignInRequest): Promise<AppSignIn>
  createAppLaunchToken(caller: Caller, app: Claims, request: LaunchTokenRequest): Promise<IssuedLaunchToken>
  challenge(): Challenge
  register(caller: Caller, request: RegistrationRequest): Promise<Registration>
  validateToken(caller: Caller, token: string): Promise<Claims | undefined>
  renewToken(caller: Caller, held: Claims): Promise<IssuedToken>
  releaseToken(caller: Caller, claims: Claims): Promise<void>
  delegate(caller: Caller, held: Claims, request: DelegationRequest): Promise<Delegation>
  revoke(caller: Caller, operator: Claims, request: RevocationRequest): Promise<RevocationReceipt>
  /** The page of the revocation feed behind a position (CONTRACT 5). */
  revocationsPage(caller: Caller, since: number): Promise<FeedMessage>
  /** Whether that page is small. One that is not is to be asked for only while there is room for it. */
  isRevocationsPageSmall(since: number): boolean
  /** Sends everything behind a position and then what is revoked as it commits; answers what ends it. */
  followRevocations(caller: Caller, since: number, follower: FeedFollower): () => void
  /** Ends all following, so that a host can stop; nobody can follow from then on. */
  endFollowing(): void
  queryEvents(query: EventQuery): Promise<EventPage>
  queryAgents(query: AgentQuery): Promise<AgentPage>
  countActiveAgents(): Promise<number>
  signedCheckpoint(): Promise<string>
  /** Clears away what has expired; it happens by itself every minute. */
  maintain(): Promise<MaintenanceReport>
  health(): Health
  /** Makes tokens to start developing with; never to be called in production. */
  seedTokens(caller: Caller): Promise<SeedTokens>
  /** Writes to the trail a refusal that was decided before a use case saw the request, such as an ill-typed body; then throws it. */
  recordRefusal(caller: Caller, eventType: AuditEventType, refusal: Refusal, principal?: Claims): Promise<never>
  /** Signs a last checkpoint and closes the store. */
  close(): Promise<void>
}

/**
 * Opens an authority over a store: holds the trail against its checkpoints, and loads the revocations.
 * @throws TrailContradictionError when the store is older than a checkpoint that was signed over it.
 * @throws RestoreError when a declared restore is none, or of a trail that does not verify.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { settings, store, signingKey, auditKey, adminSecret, witness, clock = systemClock, observer = {} } = options
  const { restore, origin = auditOrigin(settings.trustDomain) } = options
  const contradiction =
    restore === undefined
      ? await checkAgainstCheckpoints({ store, witness }, { origin, publicKey: auditKey.publicKey })
      : undefined
  const trailProblem = store.health().trailProblem ?? contradiction
  const context: AuthorityContext = {
    settings: Object.freeze({ ...settings }),
    store,
    clock,
    observer: {
      ...observer,
      committed(events, seconds) {
        schedule.grown()
        observer.committed?.(events, seconds)
      },
    },
    signingKey,
    auditKey,
    origin,
    adminSecret,
    witness,
    nonces: new NonceMint(signingKey),
    revocations: new RevocationSet(await store.revocationCount()),
    verifiedTokens: new VerifiedTokens(),
    denials: new DenialFold(clock, (events) => commit(context, { writes: [], events })),
    redact: createRedactor({ secrets: adminSecret.clear === undefined ? [] : [adminSecret.clear] }),
    ...(trailProblem !== undefined && { trailProblem }),
  }
  const schedule = new CheckpointSchedule(context)
  if (restore !== undefined) await recordRestore(context, restore)
  const verification = new TrailVerification(context)
  const maintenance = new Maintenance(context, await latestEvent(store, clock))
  store.onRevocation(({ level, target, forgetAt }) =>
    list(context, { digest: revocationDigest(level, target), forgetAt }),
  )
  for await (const entries of store.revocations()) for (const entry of entries) list(context, entry)
  const { head } = await store.revocationsAfter(0, 1, clock.now())
  const feed = new RevocationFeed(context, head)
  store.onListed((entries) => feed.listed(entries))
  verification.start()
  maintenance.start()
  return {
    signingKey,
    authenticate: (caller, bearer, needs, wording) => authenticate(context, caller, bearer, needs, wording),
    signInAdmin: (caller, secret) => signInAdmin(context, caller, secret),
    createLaunchToken: (caller, operator, request) => createLaunchToken(context, caller, operator, request),
    createApp: (caller, operator, request) => createApp(context, caller, operator, request),
    listApps: () => listApps(context),
    getApp: (appId) => getApp(context, appId),
    updateApp: (caller, operator, appId, request) => updateApp(context, caller, operator, appId, request),
    deregisterApp: (caller, operator, appId) => deregisterApp(context, caller, operator, appId),
    signInApp: (caller, request) => signInApp(context, caller, request),
    createAppLaunchToken: (caller, app, request) => createAppLaunchToken(context, caller, app, request),
    challenge: () => challenge(context),
    register: (caller, request) => register(context, caller, request),
    validateToken: (caller, token) => validateToken(context, caller, token),
    renewToken: (caller, held) => renewToken(context, caller, held),
    releaseToken: (caller, claims) => releaseToken(context, caller, claims),
    delegate: (caller, held, request) => delegate(context, caller, held, request),
    revoke: (caller, operator, request) => revoke(context, caller, operator, request),
    revocationsPage: ({ source }, since) => feed.page(since, source),
    isRevocationsPageSmall: (since) => feed.isNear(since),
    followRevocations: ({ source }, since, follower) => feed.follow(since, source, follower),
    endFollowing: () => feed.close(),
    queryEvents: (query) => queryEvents(context, query),
    queryAgents: (query) => queryAgents(context, query),
    countActiveAgents: () => countActiveAgents(context),
    maintain: () => maintenance.run(),
    signedCheckpoint: () => signedCheckpoint(context),
    health: () => health(context),
    seedTokens: (caller) => seedTokens(context, caller),
    recordRefusal: (caller, eventType, refusal, principal) =>
      deny(context, { types: [eventType], caller, ...(principal && { subject: subjectOf(principal) }) }, refusal),
    async close() {
      feed.close()
      await maintenance.stop()
      await verification.stop()
      // A store that cannot commit any more has been told of.
      await context.denials.close().catch(() => undefined)
      await schedule.stop()
      await store.close()
    },
  }
}

/** When the trail's last event was; now, when there is none. */
async function latestEvent(store: Store, clock: Clock): Promise<number> {
  const offset = Math.max(0, store.health().trailSize - 1)
  const [last] = (await store.events({ limit: 1, offset })).events
  const at = Date.parse(last?.timestamp ?? "")
  // A trail that was tampered with may hold instants that are none.
  return Number.isNaN(at) ? clock.now() : at
}

function list(context: AuthorityContext, { digest, forgetAt }: RevokedDigest): void {
  context.revocations.add(digest, forgetAt === null ? null : Math.ceil(forgetAt / 1000))
}
