import {
  appSignInRequest,
  appSignInResponse,
  challengeResponse,
  delegationRequest,
  delegationResponse,
  issuedLaunchToken,
  launchTokenListResponse,
  launchTokenRequest,
  registrationRequest,
  registrationResponse,
  releaseRequest,
  renewalResponse,
  validationRequest,
} from "@agentwrit/contract"
import * as v from "valibot"
import { defineCall } from "./call.ts"

const TASK = { orch_id: "orchId", task_id: "taskId" } as const

export const challenge = defineCall("GET /v1/challenge", "always", { response: challengeResponse })

/** Repeatable: a second token does no harm. Waits its turn: processes of one app may start together. */
export const appSignIn = defineCall("POST /v1/app/auth", "in-turn", {
  request: appSignInRequest,
  response: appSignInResponse,
})

/** Repeatable: a launch token that nobody received expires unused. */
export const createAppLaunchToken = defineCall("POST /v1/app/launch-tokens", "always", {
  request: launchTokenRequest,
  names: { allowed_scope: "scope", ...TASK },
  response: issuedLaunchToken,
})

export const listAppLaunchTokens = defineCall("GET /v1/app/launch-tokens", "always", {
  response: launchTokenListResponse,
})

/** Not repeatable: a second one is answered that there is no such launch token. */
export const revokeAppLaunchToken = defineCall("DELETE /v1/app/launch-tokens/{id}", "unprocessed", {})

/** Not repeatable: the launch token may be spent although the answer was lost. */
export const register = defineCall("POST /v1/register", "unprocessed", {
  request: registrationRequest,
  names: { requested_scope: "scope", requested_ttl: "ttl", ...TASK },
  response: registrationResponse,
})

/** Not repeatable: the token may be replaced although the answer was lost. */
export const renew = defineCall("POST /v1/token/renew", "unprocessed", { response: renewalResponse })

/** Whether a token is good. The schema of its claims would enlarge every bundle. */
export const isValid = defineCall("POST /v1/token/validate", "always", {
  request: validationRequest,
  response: v.object({ valid: v.boolean() }),
})

/** Repeatable: a second release is answered that the token is already revoked. */
export const release = defineCall("POST /v1/token/release", "always", { request: releaseRequest })

/** Not repeatable: a lost answer would leave a token that nobody holds. */
export const delegate = defineCall("POST /v1/delegate", "unprocessed", {
  request: delegationRequest,
  names: { delegate_to: "to" },
  response: delegationResponse,
})
