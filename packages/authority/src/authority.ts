import { createRedactor } from "@agentwrit/audit"
import { type Claims, type JwkSet, ProofMemory, RevocationSet, type SigningKey } from "@agentwrit/core"
import { type Challenge, challenge } from "./agents/challenge.ts"
import { Nonces } from "./agents/nonce.ts"
import type { Caller } from "./caller.ts"
import type { AuthorityContext, AuthoritySettings, TrailStatus } from "./context.ts"
import { FairQueue } from "./fair-queue.ts"
import { type Health, health } from "./health.ts"
import { AuditKeys } from "./keys/audit-keys.ts"
import { resumeAuditRotation } from "./keys/audit-rotation.ts"
import { KeySchedule } from "./keys/key-schedule.ts"
import { deriveNonceKey } from "./keys/nonce-key.ts"
import { openKeys, reloadKeys } from "./keys/open-keys.ts"
import { deriveRecordsKey } from "./keys/records-key.ts"
import { SigningKeys } from "./keys/signing-keys.ts"
import { Maintenance } from "./maintenance.ts"
import type { AdminSecret } from "./operators/admin-secret.ts"
import type { AuditCustody } from "./ports/audit-custody.ts"
import type { CheckpointAnchor } from "./ports/checkpoint-anchor.ts"
import { type Clock, MAX_STEP_BACK_MS, rememberingClock, systemClock } from "./ports/clock.ts"
import type { KeyCustody } from "./ports/key-custody.ts"
import type { MaintenanceReport, Observer } from "./ports/observer.ts"
import type { Following } from "./ports/revocation-log.ts"
import type { Store } from "./ports/store.ts"
import { type FeedFollower, RevocationFeed } from "./revocation/feed.ts"
import type { FeedMessage } from "./revocation/feed-message.ts"
import { followInto } from "./revocation/set-follower.ts"
import { Seals } from "./rights/seal.ts"
import { sealRecords } from "./rights/seal-records.ts"
import { sealedStore } from "./rights/sealed-store.ts"
import { MAX_UNVERIFIED } from "./tokens/check.ts"
import { VerifiedTokens } from "./tokens/verified-tokens.ts"
import { verifyChangedTables } from "./trail/changed-tables.ts"
import { signPeriodicCheckpoint } from "./trail/checkpoint.ts"
import { CheckpointSchedule } from "./trail/checkpoint-schedule.ts"
import { commit } from "./trail/commit.ts"
import { DenialThrottle } from "./trail/denial-throttle.ts"
import { type DeclaredRestore, recordRestore } from "./trail/restore.ts"
import { auditOrigin, findContradiction } from "./trail/trail-contradiction.ts"
import { TrailQuota } from "./trail/trail-quota.ts"
import { TrailVerification } from "./trail/verification.ts"
import { type Bound, bindUseCases } from "./use-case.ts"
import { type UseCases, useCases } from "./use-cases.ts"

/** Revocations up to which a start waits until the tables are compared with their seal. It takes about 6 µs for each. */
const MAX_COMPARED_BEFORE_START = 100_000

/** What an authority is made of. */
export interface AuthorityOptions {
  readonly settings: AuthoritySettings
  readonly store: Store
  /** Keeps the keys that sign tokens, delegation records and the feed. */
  readonly keys: KeyCustody
  /** Signs checkpoints. Must not be one of `keys`. */
  readonly auditKey: SigningKey
  /** Keeps the audit key while it rotates. Default: it does not rotate. */
  readonly auditCustody?: AuditCustody
  /**
   * Secret bytes that authenticate nonces. Give the same after a restart, and to every broker. Default: derived from
   * `recordsKey`, because the other keys rotate.
   */
  readonly nonceKey?: Uint8Array
  /**
   * Secret bytes that seal the records which give rights. Give the same after a restart, and to every broker. Default:
   * derived from the audit key.
   */
  readonly recordsKey?: Uint8Array
  readonly adminSecret: AdminSecret
  readonly anchor: CheckpointAnchor
  /** The name on the trail's checkpoints. Default: the trust domain's, before any restore. */
  readonly origin?: string
  /** Declares that the store was put back to an older copy. `auditKey`, `anchor` and `origin` must then be new. */
  readonly restore?: DeclaredRestore
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: none. */
  readonly observer?: Observer
}

/**
 * AgentWrit without HTTP. Every method that refuses throws a `Refusal`, which is recorded in the trail by then.
 * `recordDenial` is for refusals of the host itself, which throws them afterwards.
 */
export interface Authority extends Bound<UseCases> {
  /** The keys that verify what it signs, as `/.well-known/jwks.json` publishes them. */
  jwkSet(): JwkSet
  challenge(): Challenge
  health(): Health
  /** The page of the revocation feed after a position (CONTRACT 5). */
  revocationsPage(caller: Caller, since: number): Promise<FeedMessage>
  /** Whether that page is small. Ask for another one only when there is memory for it. */
  isRevocationsPageSmall(since: number): boolean
  /**
   * Sends everything after a position, then each new revocation. Returns what stops it. It ends when the token of
   * `holder` is revoked.
   */
  followRevocations(caller: Caller, since: number, follower: FeedFollower, holder?: Claims): () => void
  /** Ends the feed for all followers, so that a host can stop. Nobody can follow afterwards. */
  endFollowing(): void
  /** Does what is due: advances the signing keys, and deletes what has expired. This also happens by itself. */
  maintain(): Promise<MaintenanceReport>
  /** Signs a last checkpoint and closes the store. */
  close(): Promise<void>
}

/**
 * Opens an authority over a store: compares the trail with its checkpoints, and loads the revocations. When it fails,
 * only the store stays open.
 * @throws `TrailContradictionError` when the store is older than a checkpoint that was signed over it.
 * @throws `RestoreError` when a declared restore is refused.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { store, restore } = options
  const context = await createContext(options)
  const stops: (() => unknown)[] = []
  const stopAll = async () => {
    while (stops.length > 0) await stops.pop()?.()
  }
  stops.push(() => context.checkpoints.stop())
  // A store that cannot commit any more was reported before.
  stops.push(() => context.denials.close().catch(() => undefined))
  const opening = new AbortController()
  let applying: Following | undefined
  try {
    // Before the first commit.
    const isSealed = await store.trail.openSeal(context.recordsKey)
    const comparesLater = isSealed && (await store.revocations.count()) > MAX_COMPARED_BEFORE_START
    // The store reads the tables while the revocations are loaded.
    const matching =
      isSealed && !comparesLater ? store.trail.tablesMatch(context.recordsKey, opening.signal) : undefined
    const compared = matching?.catch(() => undefined)
    stops.push(() => {
      opening.abort()
      return compared
    })
    if (restore === undefined) await resumeAuditRotation(context)
    const recordsRights = await store.trail.recordsRights()
    if (restore !== undefined) await recordRestore(context, restore)
    if (restore !== undefined || !recordsRights) await sealFound(context, { isVerified: restore !== undefined })
    await reportUnproven(context)
    applying = await store.revocations.follow(0, {
      ...followInto(context.revocations),
      keyRingChanged: () => reloadKeys(context),
    })
    if (restore !== undefined) await store.trail.acceptTables()
    else if (!comparesLater && !(await matching)) await verifyChangedTables(context, opening.signal)
    // Reads which apps have orchestrations, while the tables are as the broker left them.
    await context.store.records.apps()
    // The key ring is one of these tables.
    await openKeys(context)
    const feed = new RevocationFeed(context, applying.applied)
    const announcing = await store.revocations.follow(applying.applied, feed)
    stops.push(() => announcing.stop())
    const verification = new TrailVerification(context)
    const latest = await latestEvent(context)
    const maintenance = new Maintenance(context, latest)
    const schedule = new KeySchedule(context, latest)
    context.keys.onChange = () => {
      schedule.arm()
      feed.refresh()
    }
    verification.start({ comparesTables: comparesLater && restore === undefined })
    maintenance.start()
    schedule.arm()
    stops.push(
      () => verification.stop(),
      () => maintenance.stop(),
      () => schedule.stop(),
      () => feed.close(),
    )
    return {
      ...bindUseCases(context, useCases),
      jwkSet: () => ({ keys: context.keys.published() }),
      challenge: () => challenge(context),
      health: () => health(context),
      revocationsPage: ({ source }, since) => feed.page(since, source),
      isRevocationsPageSmall: (since) => feed.isPageSmall(since),
      followRevocations: ({ source }, since, follower, holder) => feed.follow(since, source, follower, holder),
      endFollowing: () => feed.close(),
      async maintain() {
        await schedule.run()
        return maintenance.run()
      },
      async close() {
        await stopAll()
        await signPeriodicCheckpoint(context)
        await store.housekeeping.close()
        // Last: every commit that was answered must be in the set.
        applying?.stop()
      },
    }
  } catch (error) {
    applying?.stop()
    await stopAll()
    throw error
  }
}

async function createContext(options: AuthorityOptions): Promise<AuthorityContext> {
  const { store, keys, auditKey, adminSecret, anchor, observer = {} } = options
  const hostClock = options.clock ?? systemClock
  const clock = rememberingClock(hostClock, await latestInstant(store, hostClock.now()))
  const { origin = auditOrigin(options.settings.trustDomain) } = options
  const { publicKey } = auditKey
  const contradiction =
    options.restore === undefined ? await findContradiction({ store, anchor, origin, publicKey }) : undefined
  const problem = store.housekeeping.health().trailProblem ?? contradiction
  const recordsKey = options.recordsKey ?? deriveRecordsKey(auditKey)
  const nonceKey = options.nonceKey ?? deriveNonceKey(recordsKey)
  const trailStatus: TrailStatus = { verifying: false, ...(problem !== undefined && { problem }) }
  const onTampered = (tampered: string) => {
    trailStatus.problem ??= tampered
    observer.recordTampered?.(tampered)
  }
  const context: AuthorityContext = {
    settings: Object.freeze({ ...options.settings }),
    store: sealedStore(store, new Seals(recordsKey), { onTampered, isLocked: () => trailStatus.isLocked === true }),
    recordsKey,
    clock,
    observer,
    keys: new SigningKeys(await keys.load()),
    custody: keys,
    auditKeys: new AuditKeys(auditKey),
    ...(options.auditCustody !== undefined && { auditCustody: options.auditCustody }),
    origin,
    anchor,
    checkpoints: new CheckpointSchedule(() => signPeriodicCheckpoint(context)),
    trailStatus,
    adminSecret,
    nonces: new Nonces(nonceKey),
    revocations: new RevocationSet(await store.revocations.count()),
    pendingCutoffs: new Set(),
    verifiedTokens: new VerifiedTokens(),
    unverified: new FairQueue(MAX_UNVERIFIED),
    proofs: new ProofMemory(),
    denials: new DenialThrottle(clock, (events) => commit(context, { writes: [], events })),
    trailQuota: new TrailQuota(clock),
    redact: createRedactor({ secrets: adminSecret.clear === undefined ? [] : [adminSecret.clear] }),
  }
  return context
}

/**
 * Seals the records of a version without seals. An edited trail could pass for one of that version, so it is verified
 * first; a broken one seals nothing, and its records stay without effect.
 */
async function sealFound(
  { store, recordsKey, trailStatus, observer }: AuthorityContext,
  { isVerified }: { readonly isVerified: boolean },
): Promise<void> {
  const { apps, launchTokens, agents } = await store.records.unsealed(1)
  if (apps.length + launchTokens.length + agents.length === 0) return
  if (!isVerified) {
    const problem = await store.trail.verify(new AbortController().signal, { atOnce: true })
    if (problem !== undefined) trailStatus.problem ??= problem
  }
  if (trailStatus.problem === undefined) observer.recordsSealed?.(await sealRecords(store, new Seals(recordsKey)))
}

/** Tells the host when events exist that no checkpoint proves. */
async function reportUnproven({ store, observer }: AuthorityContext): Promise<void> {
  const { trailSize } = store.housekeeping.health()
  if (trailSize === 0 || (await store.trail.checkpoint()) !== undefined) return
  const [first] = (await store.trail.events({ limit: 1, offset: 0 })).events
  observer.trailUnproven?.(first?.timestamp ?? "an unknown time", trailSize)
}

/** The latest instant of the trail: the clock may have been set back, by up to a day, before this start. */
async function latestInstant({ trail }: Store, now: number): Promise<number> {
  const until = now + MAX_STEP_BACK_MS
  for (let latest = now; ; ) {
    const query = { since: latest + 1, until, limit: 1 }
    const { total } = await trail.events({ ...query, offset: 0 })
    const [last] = total === 0 ? [] : (await trail.events({ ...query, offset: total - 1 })).events
    if (last === undefined) return latest
    latest = Math.max(latest + 1, Date.parse(last.timestamp))
  }
}

/** When the last event of the trail was written; now, when there is none. */
async function latestEvent({ store, clock }: AuthorityContext): Promise<number> {
  const offset = Math.max(0, store.housekeeping.health().trailSize - 1)
  const [last] = (await store.trail.events({ limit: 1, offset })).events
  const at = Date.parse(last?.timestamp ?? "")
  // A trail that was tampered with may contain invalid instants.
  return Number.isNaN(at) ? clock.now() : at
}
