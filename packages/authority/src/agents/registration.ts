import {
  appSubject,
  CoreError,
  clampTtl,
  createVerifyingKey,
  decodeBase64,
  exceedingScopes,
  formatAgentId,
  keyIdOf,
  REVOKE_ALL_TARGET,
  type RevocationTarget,
} from "@agentwrit/core"
import { requireWithinCeiling } from "../apps/ceiling.ts"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { hashLaunchToken, launchTokenId } from "../launch-tokens/launch-token.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import type { Agent, LaunchToken } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { scopeHint } from "../scope-hint.ts"
import { isRevoked } from "../tokens/check.ts"
import { type IssuedToken, issueToken, MAX_TOKEN_TTL, prepareToken, sizeWarning } from "../tokens/issue.ts"
import { commit } from "../trail/commit.ts"
import { scopesText } from "../trail/detail.ts"
import { type Subject, successEvent } from "../trail/event.ts"
import type { QuotaSubject } from "../trail/trail-quota.ts"
import { uniqueHex } from "../unique-hex.ts"
import { lifetimeOf } from "./lifetime.ts"
import type { GenuineNonce } from "./nonce.ts"
import { rejectRegistration } from "./reject-registration.ts"

/** What an agent sends to register (CONTRACT 3, "register"). */
export interface RegistrationRequest {
  readonly launchToken: string
  readonly nonce: string
  /** Base64 of the raw 32 bytes of an Ed25519 key. */
  readonly publicKey: string
  /** Base64 of its 64-byte signature over the 32 decoded bytes of the nonce. */
  readonly signature: string
  readonly orchId: string
  readonly taskId: string
  readonly requestedScope: readonly string[]
  /** Seconds. */
  readonly requestedTtl?: number
  /** Whether its tokens are bound to its key (CONTRACT 10). Default: false. */
  readonly bound?: boolean
}

/** What the host knows about a registration. */
export interface RegistrationHost {
  /** Whether it can check proofs, so that tokens can be bound (CONTRACT 10). Default: true. */
  readonly canBind?: boolean
}

/** The new agent and its token. */
export interface Registration extends IssuedToken {
  readonly agentId: string
}

/**
 * Registers an agent (CONTRACT 3, `POST /v1/register`). No refusal spends the launch token, and exactly one of several
 * concurrent registrations with a single-use token succeeds.
 */
export async function register(
  context: AuthorityContext,
  caller: Caller,
  request: RegistrationRequest,
  { canBind = true }: RegistrationHost = {},
): Promise<Registration> {
  const { orchId, taskId, requestedScope: scope, bound = false } = request
  const now = context.clock.now()
  requireNoLaunchTokenAsId(request)
  const agentId = newAgentId(context, request)
  const launchToken = await requireLaunchToken(context, request.launchToken, now)
  requireWithinLaunchToken(launchToken, request)
  if (isRevoked(context, "task", taskId)) throw new Refusal("forbidden", { detail: `task ${taskId} is revoked` })
  if (!bound && context.settings.requireBound === true) throw unboundRefused()
  if (bound && !canBind) throw boundRefused()
  await requireFreeOrchestration(context, launchToken, orchId)
  const conditions = await requireWithinCeiling(context, launchToken.appId, scope)
  const nonce = context.nonces.verify(request.nonce, now)
  const publicKey = requireProvenKey(request, nonce)

  const lifetime = lifetimeOf(context, launchToken.maxLifetime)
  const ttl = clampTtl({
    ...(request.requestedTtl !== undefined && { requested: request.requestedTtl }),
    fallback: launchToken.maxTtl,
    limits: [launchToken.maxTtl, context.settings.maxTtl, MAX_TOKEN_TTL, lifetime ?? 0],
  })
  const { appId } = launchToken
  const jkt = bound ? keyIdOf(publicKey) : undefined
  const prepared = prepareToken(context, { sub: agentId, kind: "agent", scope, ttl, taskId, orchId, appId, jkt })
  const { jti, exp } = prepared.claims
  const identity = { agentId, orchId, taskId, ...(appId !== undefined && { appId }), publicKey }
  const agent: Agent = {
    ...identity,
    scope,
    ttl,
    jti,
    registeredAt: now,
    expiresAt: exp * 1000,
    bound,
    ...(lifetime !== undefined && { endsAt: now + lifetime * 1000 }),
  }
  const subject: Subject = { agent_id: agentId, task_id: taskId, orch_id: orchId }
  const issued = `token ${jti} issued: scope ${scopesText(scope)}, ttl ${ttl} s${sizeWarning(prepared)}`
  await commit(
    context,
    {
      quota: quotaOfLaunch(launchToken),
      writes: [
        ...conditions,
        { type: "spend_nonce", nonce: nonce.bytes, expiresAt: nonce.expiresAt },
        { type: "use_launch_token", hash: launchToken.hash, at: now },
        { type: "add_agent", agent },
      ],
      events: [
        successEvent("agent_registered", caller, subject, `agent ${launchToken.agentName} registered`),
        successEvent("token_issued", caller, subject, issued),
      ],
    },
    {
      nonce_spent: () => rejectRegistration("nonce was already used"),
      launch_token_unusable: () => rejectRegistration("launch token was already used"),
      orch_id_taken: () => foreignOrchestration(`orch_id ${orchId} was given to another app meanwhile`),
    },
  )
  return { agentId, accessToken: issueToken(context, prepared), expiresIn: ttl }
}

const unboundRefused = (): Refusal =>
  new Refusal("forbidden", {
    detail: "this broker registers only agents whose tokens are bound to their key",
    hint: 'register with "bound": true and send a DPoP proof with each request',
  })

const boundRefused = (): Refusal =>
  new Refusal("forbidden", {
    detail: "this broker does not bind tokens to keys: it does not know the URL under which clients reach it",
    hint: 'register without "bound": true, or ask the operator to set its public URL',
  })

/**
 * The longest id of a stranger that the trail keeps. Routes accept up to 2,000 characters, and the trail is never
 * pruned.
 */
const MAX_QUOTED_ID_LENGTH = 128

/**
 * Whom the event of a refused registration names. Ids are never redacted, so a request that may hold its launch token
 * as an id is not quoted, and a stranger's id only up to a length.
 */
export function registrationSubject({ code }: Refusal, { taskId, orchId }: RegistrationRequest): Subject | undefined {
  const isShort = Math.max(taskId.length, orchId.length) <= MAX_QUOTED_ID_LENGTH
  if (code === "invalid_request" || (code === "unauthorized" && !isShort)) return undefined
  return { task_id: taskId, orch_id: orchId }
}

/** The part of an app's quota that one launch token may use: whoever holds it must not stop the app's other agents. */
const REUSABLE_LAUNCH_TOKEN_PART = 1 / 4

/** Whose quota a registration counts for: the app's, and that of a launch token that many registrations may use. */
function quotaOfLaunch({ appId, singleUse, hash }: LaunchToken): readonly QuotaSubject[] {
  return [
    ...(singleUse ? [] : [{ name: launchTokenId(hash), part: REUSABLE_LAUNCH_TOKEN_PART }]),
    ...(appId === undefined ? [] : [{ name: appSubject(appId) }]),
  ]
}

// The trail never redacts ids, so this secret must not become one (CONTRACT 4).
function requireNoLaunchTokenAsId({ launchToken, orchId, taskId }: RegistrationRequest): void {
  const field = orchId === launchToken ? "orch_id" : taskId === launchToken ? "task_id" : undefined
  if (field !== undefined) throw new Refusal("invalid_request", { detail: `${field} must not be the launch token` })
}

function newAgentId(context: AuthorityContext, { orchId, taskId }: RegistrationRequest): string {
  const { trustDomain } = context.settings
  try {
    return formatAgentId({ trustDomain, orchId, taskId, instance: uniqueHex(8) })
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw new Refusal("invalid_request", { detail: `orch_id and task_id: ${error.message}` })
  }
}

async function requireLaunchToken(context: AuthorityContext, text: string, now: number): Promise<LaunchToken> {
  const hash = hashLaunchToken(text)
  if (hash === undefined) throw rejectRegistration("launch token is not 64 lower-case hex characters")
  const launchToken = await context.store.records.launchToken(hash)
  if (launchToken === undefined) throw rejectRegistration("launch token is unknown")
  const { spentAt, expiresAt } = launchToken
  if (spentAt !== undefined) throw rejectRegistration("launch token was already used")
  if (now >= expiresAt) throw rejectRegistration(`launch token expired ${Math.floor((now - expiresAt) / 1000)} s ago`)
  requireLiving(context, launchToken)
  return launchToken
}

function requireWithinLaunchToken(launchToken: LaunchToken, request: RegistrationRequest): void {
  const missing = exceedingScopes(request.requestedScope, launchToken.allowedScope)
  if (missing.length > 0)
    throw new Refusal("scope_violation", {
      detail: "requested_scope is wider than the launch token allows",
      reason: `scope ${missing[0]} not covered by ${scopesText(launchToken.allowedScope)}`,
      hint: scopeHint(missing, launchToken.allowedScope, "allowed"),
    })
  requireBoundId("task_id", launchToken.taskId, request.taskId)
  requireBoundId("orch_id", launchToken.orchId, request.orchId)
}

/** A launch token ends with the app that issued it, and with a revocation of everything (CONTRACT 2, "revoked"). */
function requireLiving({ revocations }: AuthorityContext, { appId, createdAt }: LaunchToken): void {
  const targets: RevocationTarget[] = [{ level: "all", target: REVOKE_ALL_TARGET }]
  if (appId !== undefined) targets.push({ level: "app", target: appId })
  if (targets.some((target) => revocations.isRevoked(target, toUnixSeconds(createdAt))))
    throw rejectRegistration("launch token ended with a revocation")
}

/** An orchestration of an app is closed to the agents of all other apps. Operators may launch under any. */
async function requireFreeOrchestration(
  { store }: AuthorityContext,
  { appId }: LaunchToken,
  orchId: string,
): Promise<void> {
  if (appId === undefined) return
  const owners = (await store.records.appsOfOrchestration(orchId)).map((owner) => owner.appId)
  if (owners.length === 0 || owners.includes(appId)) return
  throw foreignOrchestration(`orch_id ${orchId} belongs to ${owners.join(" ")}, not to ${appId}`)
}

const foreignOrchestration = (reason: string): Refusal =>
  new Refusal("forbidden", { detail: "orch_id belongs to another app", reason })

function requireBoundId(name: string, bound: string | undefined, requested: string): void {
  if (bound !== undefined && bound !== requested)
    throw new Refusal("scope_violation", {
      detail: `the launch token is bound to another ${name}`,
      reason: `launch token is bound to ${name} ${bound}, not ${requested}`,
    })
}

function requireProvenKey(request: RegistrationRequest, nonce: GenuineNonce): Uint8Array {
  let isGenuine: boolean
  let publicKey: Uint8Array
  try {
    publicKey = decodeBase64(request.publicKey)
    isGenuine = createVerifyingKey(publicKey).verify(nonce.bytes, decodeBase64(request.signature))
  } catch (error) {
    if (!(error instanceof CoreError)) throw error
    throw rejectRegistration(`public_key or signature: ${error.message}`)
  }
  if (!isGenuine) throw rejectRegistration("signature over the nonce is not genuine")
  return publicKey
}
