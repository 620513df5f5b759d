import {
  adminSignInRequest,
  adminSignInResponse,
  agentsQuery,
  agentsResponse,
  appCreationRequest,
  appCreationResponse,
  appDeregistrationQuery,
  appDeregistrationResponse,
  appListResponse,
  appResponse,
  appUpdateRequest,
  auditEventsQuery,
  auditEventsResponse,
  auditKeyResponse,
  healthResponse,
  jwkSetResponse,
  keyListResponse,
  keyResponse,
  keyRetirementResponse,
  keyRotationRequest,
  launchTokenListResponse,
  launchTokenRequest,
  launchTokenResponse,
  revocationPreviewResponse,
  revocationRequest,
  revocationResponse,
  secretRotationRequest,
  secretRotationResponse,
} from "@agentwrit/contract"
import { defineCall } from "../call.ts"

/** Repeatable: a second token does no harm. */
export const adminSignIn = defineCall("POST /v1/admin/auth", "in-turn", {
  request: adminSignInRequest,
  response: adminSignInResponse,
})

/** Not repeatable: with a lost answer the client secret is lost and the name is taken. */
export const createApp = defineCall("POST /v1/admin/apps", "unprocessed", {
  request: appCreationRequest,
  response: appCreationResponse,
})

export const listApps = defineCall("GET /v1/admin/apps", "always", { response: appListResponse })
export const getApp = defineCall("GET /v1/admin/apps/{id}", "always", { response: appResponse })

/** Repeatable: it sets the same values again. */
export const updateApp = defineCall("PUT /v1/admin/apps/{id}", "always", {
  request: appUpdateRequest,
  response: appResponse,
})

/** Repeatable: the broker answers a second one like the first. */
export const deregisterApp = defineCall("DELETE /v1/admin/apps/{id}", "always", {
  query: appDeregistrationQuery,
  response: appDeregistrationResponse,
})

/** Not repeatable: with a lost answer the new secret is lost, and another rotation ends the old one. */
export const rotateAppSecret = defineCall("POST /v1/admin/apps/{id}/secret", "unprocessed", {
  request: secretRotationRequest,
  response: secretRotationResponse,
})

/** Repeatable: it restores what is restored again. */
export const restoreApp = defineCall("POST /v1/admin/apps/{id}/restore", "always", { response: appResponse })

/** Repeatable: a launch token that nobody received expires unused. */
export const createLaunchToken = defineCall("POST /v1/admin/launch-tokens", "always", {
  request: launchTokenRequest,
  response: launchTokenResponse,
})

export const listLaunchTokens = defineCall("GET /v1/admin/launch-tokens", "always", {
  response: launchTokenListResponse,
})

/** Not repeatable: a second one is answered that there is no such launch token. */
export const revokeLaunchToken = defineCall("DELETE /v1/admin/launch-tokens/{id}", "unprocessed", {})

export const listKeys = defineCall("GET /v1/admin/keys", "always", { response: keyListResponse })

/** Not repeatable: each makes a key. */
export const rotateKey = defineCall("POST /v1/admin/keys/rotate", "unprocessed", {
  request: keyRotationRequest,
  response: keyResponse,
})

/** Not repeatable: each makes a key. */
export const rotateAuditKey = defineCall("POST /v1/admin/keys/audit/rotate", "unprocessed", {
  response: auditKeyResponse,
})

/** Not repeatable: a second one is answered that there is no such key. */
export const retireKey = defineCall("DELETE /v1/admin/keys/{kid}", "unprocessed", { response: keyRetirementResponse })

export const listAgents = defineCall("GET /v1/admin/agents", "always", { query: agentsQuery, response: agentsResponse })

/** Repeatable: revocation is idempotent. */
export const revoke = defineCall("POST /v1/revoke", "always", {
  request: revocationRequest,
  response: revocationResponse,
})

export const previewRevocation = defineCall("POST /v1/revoke/preview", "always", {
  request: revocationRequest,
  response: revocationPreviewResponse,
})

export const listEvents = defineCall("GET /v1/audit/events", "always", {
  query: auditEventsQuery,
  response: auditEventsResponse,
})

export const checkpoint = defineCall("GET /v1/audit/checkpoint", "always", {})
export const metrics = defineCall("GET /v1/metrics", "always", {})
export const health = defineCall("GET /v1/health", "always", { response: healthResponse, otherwise: 503 })
export const jwks = defineCall("GET /.well-known/jwks.json", "always", { response: jwkSetResponse })
