import type { EventDraft } from "@agentwrit/audit"
import { CoreError, clampTtl, createVerifyingKey, decodeBase64, exceedingScopes, formatAgentId } from "@agentwrit/core"
import { type AppConditions, underCeiling, whileAppChanges } from "./app-ceiling.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import { hashLaunchToken } from "./launch-token.ts"
import type { GenuineNonce } from "./nonce.ts"
import type { Agent, LaunchToken } from "./records.ts"
import { Refusal } from "./refusal.ts"
import { scopeHint } from "./scope-hint.ts"
import { ConflictError, type Write } from "./store.ts"
import { isListed } from "./token-check.ts"
import { type IssuedToken, issueToken, LONGEST_TTL, signOrRefuse } from "./token-issue.ts"
import { commit, deny } from "./trail.ts"
import { uniqueHex } from "./unique-hex.ts"

/** What an agent sends to register (CONTRACT 3, "register"). */
export interface RegistrationRequest {
  readonly launchToken: string
  readonly nonce: string
  /** Base64 of the raw 32 bytes of an Ed25519 key. */
  readonly publicKey: string
  /** Base64 of the 64 bytes of its signature over the 32 decoded bytes of the nonce. */
  readonly signature: string
  readonly orchId: string
  readonly taskId: string
  readonly requestedScope: readonly string[]
  /** Seconds. */
  readonly requestedTtl?: number
}

/** The new agent and its token. */
export interface Registration extends IssuedToken {
  readonly agentId: string
}

/**
 * Registers an agent (CONTRACT 3, `POST /v1/register`): its checks in their order, then one commit. No refusal spends the
 * launch token, and of racing registrations with one single-use token exactly one succeeds.
 */
export function register(
  context: AuthorityContext,
  caller: Caller,
  request: RegistrationRequest,
): Promise<Registration> {
  return whileAppChanges(() => decideAndCommit(context, caller, request))
}

async function decideAndCommit(
  context: AuthorityContext,
  caller: Caller,
  request: RegistrationRequest,
): Promise<Registration> {
  const now = context.clock.now()
  const decided = await decide(context, request, now)
  if (decided instanceof Refusal) return denyRegistration(context, caller, request, decided)
  const { agentId, launchToken, conditions, nonce, publicKey } = decided

  const ttl = clampTtl({
    ...(request.requestedTtl !== undefined && { requested: request.requestedTtl }),
    fallback: launchToken.maxTtl,
    limits: [launchToken.maxTtl, context.settings.maxTtl, LONGEST_TTL],
  })
  const { orchId, taskId, requestedScope: scope } = request
  const prepared = signOrRefuse(context, { sub: agentId, kind: "agent", scope, ttl, taskId, orchId })
  if (prepared instanceof Refusal) return denyRegistration(context, caller, request, prepared)
  const { claims } = prepared
  const agent: Agent = {
    agentId,
    orchId,
    taskId,
    ...(launchToken.appId !== undefined && { appId: launchToken.appId }),
    publicKey,
    scope,
    ttl,
    jti: claims.jti,
    registeredAt: now,
    expiresAt: claims.exp * 1000,
  }
  const writes: Write[] = [
    ...conditions,
    { type: "spend_nonce", nonce: nonce.bytes, expiresAt: nonce.expiresAt },
    { type: "use_launch_token", hash: launchToken.hash, at: now },
    { type: "add_agent", agent },
  ]
  const event = {
    agent_id: agentId,
    task_id: taskId,
    orch_id: orchId,
    resource: caller.resource,
    outcome: "success",
  } as const
  const events: EventDraft[] = [
    { ...event, event_type: "agent_registered", detail: `agent ${launchToken.agentName} registered` },
    {
      ...event,
      event_type: "token_issued",
      detail: `token ${claims.jti} issued: scope ${scope.join(" ")}, ttl ${ttl} s`,
    },
  ]
  try {
    await commit(context, { writes, events })
  } catch (error) {
    if (!(error instanceof ConflictError) || error.code === "app_changed") throw error
    return denyRegistration(context, caller, request, conflictRefusal(error))
  }
  return { agentId, accessToken: issueToken(context, prepared), expiresIn: ttl }
}

interface Decision {
  readonly agentId: string
  readonly launchToken: LaunchToken
  readonly conditions: AppConditions
  readonly nonce: GenuineNonce
  readonly publicKey: Uint8Array
}

async function decide(
  context: AuthorityContext,
  request: RegistrationRequest,
  now: number,
): Promise<Decision | Refusal> {
  for (const field of ["orchId", "taskId"] as const) {
    if (request[field] === request.launchToken) return launchTokenAsId(field)
  }
  const agentId = newAgentId(context, request)
  if (agentId instanceof Refusal) return agentId
  const launchToken = await usableLaunchToken(context, request.launchToken, now)
  if (launchToken instanceof Refusal) return launchToken
  const narrowed = withinLaunchToken(launchToken, request)
  if (narrowed !== undefined) return narrowed
  if (isListed(context, "task", request.taskId))
    return new Refusal("forbidden", { detail: `task ${request.taskId} is revoked` })
  const conditions = await underCeiling(context, launchToken.appId, request.requestedScope)
  if (conditions instanceof Refusal) return conditions
  const nonce = context.nonces.recognise(request.nonce, now)
  if ("fault" in nonce) return unproven(nonce.fault)
  const publicKey = provenKey(request, nonce)
  return publicKey instanceof Refusal ? publicKey : { agentId, launchToken, conditions, nonce, publicKey }
}

function newAgentId(context: AuthorityContext, { orchId, taskId }: RegistrationRequest): string | Refusal {
  const { trustDomain } = context.settings
  try {
    return formatAgentId({ trustDomain, orchId, taskId, instance: uniqueHex(8) })
  } catch (error) {
    if (error instanceof CoreError)
      return new Refusal("invalid_request", { detail: `orch_id and task_id: ${error.message}` })
    throw error
  }
}

async function usableLaunchToken(context: AuthorityContext, text: string, now: number): Promise<LaunchToken | Refusal> {
  const hash = hashLaunchToken(text)
  if (hash === undefined) return unproven("launch token is not 64 lower-case hex characters")
  const launchToken = await context.store.launchToken(hash)
  if (launchToken === undefined) return unproven("launch token is unknown")
  if (launchToken.spentAt !== undefined) return unproven("launch token was used already")
  if (now >= launchToken.expiresAt)
    return unproven(`launch token expired ${Math.floor((now - launchToken.expiresAt) / 1000)} s ago`)
  return launchToken
}

function withinLaunchToken(launchToken: LaunchToken, request: RegistrationRequest): Refusal | undefined {
  const missing = exceedingScopes(request.requestedScope, launchToken.allowedScope)
  if (missing[0] !== undefined)
    return new Refusal("scope_violation", {
      detail: "requested_scope is wider than the launch token allows",
      reason: `scope ${missing[0]} not covered by ${launchToken.allowedScope.join(" ")}`,
      hint: scopeHint(missing, launchToken.allowedScope, "allowed"),
    })
  for (const [name, bound, asked] of [
    ["task_id", launchToken.taskId, request.taskId],
    ["orch_id", launchToken.orchId, request.orchId],
  ] as const) {
    if (bound !== undefined && bound !== asked)
      return new Refusal("scope_violation", {
        detail: `the launch token is bound to another ${name}`,
        reason: `launch token is bound to ${name} ${bound}, not ${asked}`,
      })
  }
  return undefined
}

function provenKey(request: RegistrationRequest, nonce: GenuineNonce): Uint8Array | Refusal {
  try {
    const publicKey = decodeBase64(request.publicKey)
    const key = createVerifyingKey(publicKey)
    if (key.verify(nonce.bytes, decodeBase64(request.signature))) return publicKey
    return unproven("signature over the nonce is not genuine")
  } catch (error) {
    if (error instanceof CoreError) return unproven(`public_key or signature: ${error.message}`)
    throw error
  }
}

function conflictRefusal(conflict: ConflictError): Refusal {
  return conflict.code === "nonce_spent"
    ? unproven("nonce was used already")
    : unproven("launch token was used already")
}

/** One answer for every failed proof, so that it tells a stranger nothing of the launch tokens that exist. */
function unproven(reason: string): Refusal {
  return new Refusal("unauthorized", {
    detail: "registration failed",
    reason,
    hint: "use an unspent launch token, and sign the 32 decoded bytes of a fresh nonce from GET /v1/challenge",
  })
}

function launchTokenAsId(field: "orchId" | "taskId"): Refusal {
  return new Refusal("invalid_request", {
    detail: `${field === "orchId" ? "orch_id" : "task_id"} must not be the launch token, which is a secret`,
  })
}

/** Characters of an id that the trail keeps of whoever has proved nothing; the route takes them up to 2,000, and nothing prunes it. */
const LONGEST_STRANGERS_ID = 128

function denyRegistration(
  context: AuthorityContext,
  caller: Caller,
  request: RegistrationRequest,
  refusal: Refusal,
): Promise<never> {
  const ids = { task_id: request.taskId, orch_id: request.orchId }
  // Ids are never redacted, so a request that put its launch token there must not be quoted; and a stranger's not at any length.
  const isQuoted =
    refusal.code !== "invalid_request" &&
    (refusal.code !== "unauthorized" || Object.values(ids).every((id) => id.length <= LONGEST_STRANGERS_ID))
  const denial = { types: ["registration_policy_violation"], caller, ...(isQuoted && { subject: ids }) } as const
  return deny(context, denial, refusal)
}
