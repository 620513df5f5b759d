import type * as v from "valibot"
import { adminSignInRequest, adminSignInResponse } from "./admin-sign-in.ts"
import { agentsQuery, agentsResponse } from "./agent.ts"
import {
  appCreationRequest,
  appCreationResponse,
  appDeregistrationQuery,
  appDeregistrationResponse,
  appListResponse,
  appParameters,
  appResponse,
  appUpdateRequest,
  secretRotationRequest,
  secretRotationResponse,
} from "./app.ts"
import { appSignInRequest, appSignInResponse } from "./app-sign-in.ts"
import { auditEventsQuery, auditEventsResponse } from "./audit.ts"
import { challengeResponse } from "./challenge.ts"
import { delegationRequest, delegationResponse } from "./delegation.ts"
import type { Encodable } from "./encode.ts"
import { healthResponse } from "./health.ts"
import { jwkSetResponse } from "./jwk-set.ts"
import {
  auditKeyResponse,
  keyListResponse,
  keyParameters,
  keyResponse,
  keyRetirementResponse,
  keyRotationRequest,
} from "./key.ts"
import { launchTokenRequest } from "./launch-token.ts"
import { launchTokenListResponse, launchTokenParameters, launchTokenResponse } from "./launch-token-answer.ts"
import { registrationRequest, registrationResponse } from "./registration.ts"
import { releaseRequest } from "./release.ts"
import { renewalResponse } from "./renewal.ts"
import { revocationPreviewResponse, revocationRequest, revocationResponse } from "./revocation.ts"
import { revocationsQuery } from "./revocation-feed.ts"
import type { CallerNeeds, Route } from "./route.ts"
import { validationRequest, validationResponse } from "./validation.ts"

// Every route may answer these: a body over the limit, a bug, a broker that is stopping (CONTRACT 1).
const ANY = ["payload_too_large", "internal_error", "unavailable"] as const
const BEARER = ["unauthorized", "token_revoked"] as const
const SCOPED = [...BEARER, "insufficient_scope"] as const

const manage = { kinds: ["admin"], scope: "admin:launch-tokens:*" } as const satisfies CallerNeeds
const launch = { kinds: ["app"], scope: "app:launch-tokens:*" } as const satisfies CallerNeeds
const keys = { kinds: ["admin"], scope: "admin:keys:*" } as const satisfies CallerNeeds
const audit = { kinds: ["admin"], scope: "admin:audit:*" } as const satisfies CallerNeeds

/**
 * Every endpoint of the API (CONTRACT 3), by name. The broker's routes, the SDK's types and the OpenAPI document come
 * from it.
 */
export const routes = {
  challenge: {
    method: "GET",
    path: "/v1/challenge",
    summary: "Get a nonce to register with",
    description:
      "A registration signs the 32 bytes that the nonce decodes to. It is valid for 30 seconds and usable once.",
    needs: "none",
    changesState: false,
    success: { status: 200, body: challengeResponse },
    problems: ANY,
  },
  register: {
    method: "POST",
    path: "/v1/register",
    summary: "Register an agent",
    description:
      "An agent proves that it holds its key and receives its id and first token. The launch token in the body permits the registration. A refusal does not spend it; of concurrent registrations with one single-use token exactly one succeeds.",
    needs: "none",
    changesState: true,
    request: registrationRequest,
    success: { status: 200, body: registrationResponse },
    problems: ["invalid_request", "invalid_ttl", "unauthorized", "scope_violation", "forbidden", ...ANY],
  },
  validate: {
    method: "POST",
    path: "/v1/token/validate",
    summary: "Validate a token",
    description: "Answers 200 in both cases: with the claims of a good token, and without a reason for any other.",
    needs: "none",
    changesState: false,
    request: validationRequest,
    success: { status: 200, body: validationResponse },
    problems: ["invalid_request", ...ANY],
  },
  renew: {
    method: "POST",
    path: "/v1/token/renew",
    summary: "Renew an agent's own token",
    description:
      "Returns a token with the same subject, scope, task and original TTL, and revokes the presented one in the same commit. Delegated tokens and the tokens of apps and operators are not renewed.",
    needs: { kinds: ["agent"] },
    changesState: true,
    success: { status: 200, body: renewalResponse },
    problems: [...BEARER, "forbidden", ...ANY],
  },
  release: {
    method: "POST",
    path: "/v1/token/release",
    summary: "Release the presented token",
    description:
      "Revokes the token of the request; with `cascade` also what was delegated from it. The body may be absent. A second release is refused with `token_revoked`.",
    needs: { kinds: ["admin", "app", "agent"] },
    changesState: true,
    request: releaseRequest,
    isBodyOptional: true,
    success: { status: 204 },
    problems: ["invalid_request", ...BEARER, ...ANY],
  },
  delegate: {
    method: "POST",
    path: "/v1/delegate",
    summary: "Delegate scope to another agent",
    description:
      "Returns a token for another registered, active agent. Its scope is never wider and its life never longer than the caller's, and it carries the signed chain of delegations, at most five.",
    needs: { kinds: ["agent"] },
    changesState: true,
    request: delegationRequest,
    success: { status: 200, body: delegationResponse },
    problems: ["invalid_request", "invalid_ttl", ...BEARER, "scope_violation", "forbidden", "not_found", ...ANY],
  },
  adminSignIn: {
    method: "POST",
    path: "/v1/admin/auth",
    summary: "Sign in as the operator",
    description:
      "Limited to 5 requests a second for each address, with bursts of 10. Beyond it a request waits up to 5 s for its turn, or is refused if the address sent a wrong secret in the last minute.",
    needs: "none",
    changesState: true,
    request: adminSignInRequest,
    success: { status: 200, body: adminSignInResponse },
    problems: ["invalid_request", "unauthorized", "rate_limited", ...ANY],
  },
  createLaunchToken: {
    method: "POST",
    path: "/v1/admin/launch-tokens",
    summary: "Create a launch token as the operator",
    description: "The launch token is shown only in this answer and stored as a hash.",
    needs: manage,
    changesState: true,
    request: launchTokenRequest,
    success: { status: 201, body: launchTokenResponse },
    problems: ["invalid_request", "invalid_ttl", ...SCOPED, ...ANY],
  },
  listLaunchTokens: {
    method: "GET",
    path: "/v1/admin/launch-tokens",
    summary: "List the launch tokens",
    description: "Unexpired ones, newest first, of the operator and of all apps. Their text is not shown again.",
    needs: manage,
    changesState: false,
    success: { status: 200, body: launchTokenListResponse },
    problems: [...SCOPED, ...ANY],
  },
  revokeLaunchToken: {
    method: "DELETE",
    path: "/v1/admin/launch-tokens/{id}",
    summary: "Revoke a launch token",
    description: "Nobody can register with it any more. The agents that did live on.",
    needs: manage,
    changesState: true,
    parameters: launchTokenParameters,
    success: { status: 204 },
    problems: [...SCOPED, "not_found", ...ANY],
  },
  createApp: {
    method: "POST",
    path: "/v1/admin/apps",
    summary: "Register an app",
    description: "The client secret is shown only in this answer and stored as a hash.",
    needs: manage,
    changesState: true,
    request: appCreationRequest,
    success: { status: 201, body: appCreationResponse },
    problems: ["invalid_request", "invalid_ttl", ...SCOPED, "conflict", ...ANY],
  },
  listApps: {
    method: "GET",
    path: "/v1/admin/apps",
    summary: "List the apps",
    description: "All apps, newest first, including inactive ones.",
    needs: manage,
    changesState: false,
    success: { status: 200, body: appListResponse },
    problems: [...SCOPED, ...ANY],
  },
  getApp: {
    method: "GET",
    path: "/v1/admin/apps/{id}",
    summary: "Get an app",
    description: "Also for an inactive app.",
    needs: manage,
    changesState: false,
    parameters: appParameters,
    success: { status: 200, body: appResponse },
    problems: [...SCOPED, "not_found", ...ANY],
  },
  updateApp: {
    method: "PUT",
    path: "/v1/admin/apps/{id}",
    summary: "Change an app's ceiling or token TTL",
    description: "A narrower ceiling takes effect at once. An inactive app cannot be changed.",
    needs: manage,
    changesState: true,
    parameters: appParameters,
    request: appUpdateRequest,
    success: { status: 200, body: appResponse },
    problems: ["invalid_request", "invalid_ttl", ...SCOPED, "not_found", "conflict", ...ANY],
  },
  deregisterApp: {
    method: "DELETE",
    path: "/v1/admin/apps/{id}",
    summary: "Deregister an app",
    description:
      "Takes effect at once: the app cannot sign in, its own tokens are revoked and its unused launch tokens are void. Its agents keep their tokens but cannot renew or delegate; with `?revoke=true` they end too, and all that they delegated. A repeated call gets the same answer.",
    needs: manage,
    changesState: true,
    parameters: appParameters,
    query: appDeregistrationQuery,
    success: { status: 200, body: appDeregistrationResponse },
    problems: ["invalid_request", ...SCOPED, "not_found", ...ANY],
  },
  rotateAppSecret: {
    method: "POST",
    path: "/v1/admin/apps/{id}/secret",
    summary: "Give an app a new client secret",
    description:
      "The new secret is shown only in this answer. The old one stays valid for `grace` seconds, so that running processes can be given the new one first. The body may be absent. Tokens that the app holds stay valid until they expire.",
    needs: manage,
    changesState: true,
    parameters: appParameters,
    request: secretRotationRequest,
    isBodyOptional: true,
    success: { status: 200, body: secretRotationResponse },
    problems: ["invalid_request", ...SCOPED, "not_found", "conflict", ...ANY],
  },
  restoreApp: {
    method: "POST",
    path: "/v1/admin/apps/{id}/restore",
    summary: "End the revocation of an app",
    description:
      "The app can sign in and launch agents again. What was issued before its revocation (level `app`) stays revoked. An app that is not revoked stays as it is.",
    needs: manage,
    changesState: true,
    parameters: appParameters,
    success: { status: 200, body: appResponse },
    problems: [...SCOPED, "not_found", "conflict", ...ANY],
  },
  appSignIn: {
    method: "POST",
    path: "/v1/app/auth",
    summary: "Sign in as an app",
    description:
      "Limited for each pair of client id and address to 30 a minute with bursts of 20, and to 10 wrong secrets a minute with bursts of 5, after which every request of the pair waits; and to 120 a minute for each address. `Retry-After` says the wait.",
    needs: "none",
    changesState: true,
    request: appSignInRequest,
    success: { status: 200, body: appSignInResponse },
    problems: ["invalid_request", "unauthorized", "rate_limited", ...ANY],
  },
  createAppLaunchToken: {
    method: "POST",
    path: "/v1/app/launch-tokens",
    summary: "Create a launch token as an app",
    description: "Like the operator's, within the app's ceiling.",
    needs: launch,
    changesState: true,
    request: launchTokenRequest,
    success: { status: 201, body: launchTokenResponse },
    problems: ["invalid_request", "invalid_ttl", ...SCOPED, "forbidden", ...ANY],
  },
  listAppLaunchTokens: {
    method: "GET",
    path: "/v1/app/launch-tokens",
    summary: "List the app's own launch tokens",
    description: "Like the operator's list, without those of the operator and of other apps.",
    needs: launch,
    changesState: false,
    success: { status: 200, body: launchTokenListResponse },
    problems: [...SCOPED, ...ANY],
  },
  revokeAppLaunchToken: {
    method: "DELETE",
    path: "/v1/app/launch-tokens/{id}",
    summary: "Revoke a launch token of the app",
    description: "Like the operator's. One of another app is unknown.",
    needs: launch,
    changesState: true,
    parameters: launchTokenParameters,
    success: { status: 204 },
    problems: [...SCOPED, "not_found", ...ANY],
  },
  revoke: {
    method: "POST",
    path: "/v1/revoke",
    summary: "Revoke a token, an agent, a task, a chain, an app, or everything",
    description:
      "Idempotent. An unknown target is accepted when its form is right. `affected` counts what this call ended: 0 and 0 when nothing matched, or all of it had ended before.",
    needs: { kinds: ["admin"], scope: "admin:revoke:*" },
    changesState: true,
    request: revocationRequest,
    success: { status: 200, body: revocationResponse },
    problems: ["invalid_request", ...SCOPED, ...ANY],
  },
  previewRevocation: {
    method: "POST",
    path: "/v1/revoke/preview",
    summary: "Show what a revocation would end",
    description: "Takes the same body as the revocation and changes nothing. Names the first 100 agents.",
    needs: audit,
    changesState: false,
    request: revocationRequest,
    success: { status: 200, body: revocationPreviewResponse },
    problems: ["invalid_request", ...SCOPED, ...ANY],
  },
  auditEvents: {
    method: "GET",
    path: "/v1/audit/events",
    summary: "Query the audit trail",
    description: "In the order of the chain. `total` counts all matches.",
    needs: audit,
    changesState: false,
    query: auditEventsQuery,
    success: { status: 200, body: auditEventsResponse },
    problems: ["invalid_request", ...SCOPED, ...ANY],
  },
  auditCheckpoint: {
    method: "GET",
    path: "/v1/audit/checkpoint",
    summary: "Get the audit trail's signed head",
    description:
      "A C2SP tlog-checkpoint signed by the audit key. It covers every commit that was confirmed before the request.",
    needs: audit,
    changesState: false,
    success: { status: 200, mediaTypes: ["text/plain"] },
    problems: [...SCOPED, ...ANY],
  },
  agents: {
    method: "GET",
    path: "/v1/admin/agents",
    summary: "List the agents",
    description: "An agent must match all filters. `total` counts all matches.",
    needs: audit,
    changesState: false,
    query: agentsQuery,
    success: { status: 200, body: agentsResponse },
    problems: ["invalid_request", ...SCOPED, ...ANY],
  },
  listKeys: {
    method: "GET",
    path: "/v1/admin/keys",
    summary: "List the signing keys",
    description: "Every key that signs, will sign, or still verifies something.",
    needs: audit,
    changesState: false,
    success: { status: 200, body: keyListResponse },
    problems: [...SCOPED, ...ANY],
  },
  rotateKey: {
    method: "POST",
    path: "/v1/admin/keys/rotate",
    summary: "Rotate a signing key",
    description:
      "A new key is published at once and signs after `signs_in` seconds. The key before it verifies until all that it signed has expired. The body may be absent.",
    needs: keys,
    changesState: true,
    request: keyRotationRequest,
    isBodyOptional: true,
    success: { status: 200, body: keyResponse },
    problems: ["invalid_request", ...SCOPED, "conflict", ...ANY],
  },
  rotateAuditKey: {
    method: "POST",
    path: "/v1/admin/keys/audit/rotate",
    summary: "Rotate the audit key",
    description:
      "From here on a new key signs the checkpoints. The trail's event `key_rotated` carries a checkpoint that both keys signed, so that whoever pinned the former key can follow.",
    needs: keys,
    changesState: true,
    success: { status: 200, body: auditKeyResponse },
    problems: [...SCOPED, "conflict", ...ANY],
  },
  retireKey: {
    method: "DELETE",
    path: "/v1/admin/keys/{kid}",
    summary: "Retire a signing key at once",
    description:
      "For an incident: everything that the key signed ends now. If it is the current key, the next one signs at once, or else a new one.",
    needs: keys,
    changesState: true,
    parameters: keyParameters,
    success: { status: 200, body: keyRetirementResponse },
    problems: [...SCOPED, "not_found", "conflict", ...ANY],
  },
  health: {
    method: "GET",
    path: "/v1/health",
    summary: "Get the broker's health",
    description: "Answers 503 with the same body when the store cannot commit.",
    needs: "none",
    changesState: false,
    success: { status: 200, body: healthResponse },
    otherwise: { status: 503, body: healthResponse },
    problems: ANY,
  },
  metrics: {
    method: "GET",
    path: "/v1/metrics",
    summary: "Get the broker's metrics",
    description: "Prometheus text exposition format.",
    needs: "none",
    changesState: false,
    success: { status: 200, mediaTypes: ["text/plain"] },
    problems: ANY,
  },
  revocations: {
    method: "GET",
    path: "/v1/revocations",
    summary: "Follow revocations",
    description:
      "A compact JWS (`typ` `agentwrit-revocations+jwt`) whose payload is a RevocationFeed: the revocations after `since`. With `Accept: text/event-stream` the same messages are pushed as they commit; resume with `Last-Event-ID`.",
    needs: "none",
    needsWhenClosed: { kinds: ["app"], scope: "app:introspect:*" },
    changesState: false,
    query: revocationsQuery,
    success: { status: 200, mediaTypes: ["application/jwt", "text/event-stream"] },
    problems: ["invalid_request", ...SCOPED, ...ANY],
  },
  jwks: {
    method: "GET",
    path: "/.well-known/jwks.json",
    summary: "Get the keys that verify tokens",
    description:
      "A JWK set (RFC 7517): the keys that sign, will sign, or still verify something. Native tokens are signed by its Ed25519 keys (RFC 8037).",
    needs: "none",
    changesState: false,
    success: { status: 200, body: jwkSetResponse },
    problems: ANY,
  },
  openapi: {
    method: "GET",
    path: "/v1/openapi.json",
    summary: "Get this document",
    description: "OpenAPI 3.1, generated from the schemas that the routes parse with.",
    needs: "none",
    changesState: false,
    success: { status: 200, mediaTypes: ["application/json"] },
    problems: ANY,
  },
} as const satisfies Record<string, Route>

/** The table of routes. */
export type Routes = typeof routes

/** The name of a route. */
export type RouteName = keyof Routes

/** What a route's handler reads from the body; `undefined` for a route without one. */
export type RouteRequest<N extends RouteName> = Routes[N] extends { readonly request: infer S extends v.GenericSchema }
  ? v.InferOutput<S>
  : undefined

/** What a client sends as a route's body. */
export type RouteRequestInput<N extends RouteName> = Routes[N] extends { readonly request: infer S }
  ? Encodable<S>
  : undefined

/** What a route's handler reads from the query; `undefined` for a route without one. */
export type RouteQuery<N extends RouteName> = Routes[N] extends { readonly query: infer S extends v.GenericSchema }
  ? v.InferOutput<S>
  : undefined

/** What a route's handler reads from the path; `undefined` for a route without parameters. */
export type RouteParameters<N extends RouteName> = Routes[N] extends {
  readonly parameters: infer S extends v.GenericSchema
}
  ? v.InferOutput<S>
  : undefined

/** What a client sends as a route's query. */
export type RouteQueryInput<N extends RouteName> = Routes[N] extends { readonly query: infer S }
  ? Encodable<S>
  : undefined

/** What a client reads from a route's JSON answer; `undefined` for any other kind of answer. */
export type RouteResponse<N extends RouteName> = Routes[N] extends {
  readonly success: { readonly body: infer S extends v.GenericSchema }
}
  ? v.InferOutput<S>
  : undefined

/** What a route's handler returns as its JSON answer. */
export type RouteResponseInput<N extends RouteName> = Routes[N] extends { readonly success: { readonly body: infer S } }
  ? Encodable<S>
  : undefined

/** The problem codes that a route may answer. */
export type RouteProblem<N extends RouteName> = Routes[N]["problems"][number]
