import {
  adminSignInRequest,
  adminSignInResponse,
  agentsQuery,
  agentsResponse,
  appCreationRequest,
  appCreationResponse,
  appDeregistrationResponse,
  appListResponse,
  appResponse,
  appUpdateRequest,
  auditEventsQuery,
  auditEventsResponse,
  healthResponse,
  jwkSetResponse,
  launchTokenRequest,
  launchTokenResponse,
  revocationRequest,
  revocationResponse,
} from "@agentwrit/contract"
import type { Call } from "../call.ts"

/** `POST /v1/admin/auth`: one token more does no harm. */
export const adminSignIn = {
  method: "POST",
  path: "/v1/admin/auth",
  repeatable: "always",
  request: adminSignInRequest,
  response: adminSignInResponse,
} as const satisfies Call<"adminSignIn">

/** `POST /v1/admin/apps`: a lost answer took the client secret with it, and the name is taken. */
export const createApp = {
  method: "POST",
  path: "/v1/admin/apps",
  repeatable: "refused",
  request: appCreationRequest,
  response: appCreationResponse,
} as const satisfies Call<"createApp">

/** `GET /v1/admin/apps` */
export const listApps = {
  method: "GET",
  path: "/v1/admin/apps",
  repeatable: "always",
  response: appListResponse,
} as const satisfies Call<"listApps">

/** `GET /v1/admin/apps/{id}` */
export const getApp = {
  method: "GET",
  path: "/v1/admin/apps/{id}",
  repeatable: "always",
  response: appResponse,
} as const satisfies Call<"getApp">

/** `PUT /v1/admin/apps/{id}`: the same values once more. */
export const updateApp = {
  method: "PUT",
  path: "/v1/admin/apps/{id}",
  repeatable: "always",
  request: appUpdateRequest,
  response: appResponse,
} as const satisfies Call<"updateApp">

/** `DELETE /v1/admin/apps/{id}`: a second one is answered as the first. */
export const deregisterApp = {
  method: "DELETE",
  path: "/v1/admin/apps/{id}",
  repeatable: "always",
  response: appDeregistrationResponse,
} as const satisfies Call<"deregisterApp">

/** `POST /v1/admin/launch-tokens`: one that no one got to see expires unused. */
export const createLaunchToken = {
  method: "POST",
  path: "/v1/admin/launch-tokens",
  repeatable: "always",
  request: launchTokenRequest,
  response: launchTokenResponse,
} as const satisfies Call<"createLaunchToken">

/** `GET /v1/admin/agents` */
export const listAgents = {
  method: "GET",
  path: "/v1/admin/agents",
  repeatable: "always",
  query: agentsQuery,
  response: agentsResponse,
} as const satisfies Call<"agents">

/** `POST /v1/revoke`: idempotent. */
export const revoke = {
  method: "POST",
  path: "/v1/revoke",
  repeatable: "always",
  request: revocationRequest,
  response: revocationResponse,
} as const satisfies Call<"revoke">

/** `GET /v1/audit/events` */
export const listEvents = {
  method: "GET",
  path: "/v1/audit/events",
  repeatable: "always",
  query: auditEventsQuery,
  response: auditEventsResponse,
} as const satisfies Call<"auditEvents">

/** `GET /v1/audit/checkpoint` */
export const checkpoint = {
  method: "GET",
  path: "/v1/audit/checkpoint",
  repeatable: "always",
} as const satisfies Call<"auditCheckpoint">

/** `GET /v1/health` */
export const health = {
  method: "GET",
  path: "/v1/health",
  repeatable: "always",
  response: healthResponse,
  otherwise: 503,
} as const satisfies Call<"health">

/** `GET /.well-known/jwks.json` */
export const jwks = {
  method: "GET",
  path: "/.well-known/jwks.json",
  repeatable: "always",
  response: jwkSetResponse,
} as const satisfies Call<"jwks">
