export { adminSignInRequest, adminSignInResponse } from "./admin-sign-in.ts"
export { agentResponse, agentsQuery, agentsResponse } from "./agent.ts"
export {
  APP_ROLES,
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
export { appSignInRequest, appSignInResponse } from "./app-sign-in.ts"
export { AUDIT_EVENT_TYPES, type AuditEvent, auditEvent, auditEventsQuery, auditEventsResponse } from "./audit.ts"
export { challengeResponse } from "./challenge.ts"
export { claims } from "./claims.ts"
export { type Decoded, type DecodeFailure, decode } from "./decode.ts"
export { DEFAULT_DELEGATION_TTL, delegationRequest, delegationResponse } from "./delegation.ts"
export { delegationChain, delegationRecord } from "./delegation-record.ts"
export { type Encodable, encode } from "./encode.ts"
export { MAX_AGENT_NAME, MAX_CLIENT_ID, MAX_SCOPES } from "./fields.ts"
export { healthResponse } from "./health.ts"
export { jwkSetResponse, publicJwk } from "./jwk-set.ts"
export {
  auditKeyResponse,
  KEY_ALGORITHMS,
  keyListResponse,
  keyParameters,
  keyResponse,
  keyRetirementResponse,
  keyRotationRequest,
} from "./key.ts"
export type { CamelCase, CamelKeys } from "./key-case.ts"
export { DEFAULT_LAUNCH_TOKEN_TTL, issuedLaunchToken, launchTokenRequest } from "./launch-token.ts"
export {
  launchTokenListResponse,
  launchTokenParameters,
  launchTokenPolicy,
  launchTokenResponse,
  launchTokenView,
} from "./launch-token-answer.ts"
export {
  type CamelCased,
  camelCased,
  type MessageFields,
  type MessageSchema,
  message,
  type ParameterSchema,
  wireObject,
} from "./message.ts"
export {
  createProblem,
  PROBLEM_CODES,
  PROBLEM_MEDIA_TYPE,
  PROBLEM_TYPE_PREFIX,
  type Problem,
  type ProblemCode,
  type ProblemOptions,
  type ProblemStatus,
  problem,
  problemStatus,
} from "./problem.ts"
export { decodeQuery, encodeQuery, type QueryParameters } from "./query.ts"
export { registrationRequest, registrationResponse } from "./registration.ts"
export { releaseRequest } from "./release.ts"
export { renewalResponse } from "./renewal.ts"
export {
  affectedCounts,
  agentRevocation,
  chainRevocation,
  confirmedBrokers,
  revocationPreviewResponse,
  revocationRequest,
  revocationResponse,
  taskRevocation,
  tokenRevocation,
} from "./revocation.ts"
export { revocationFeed, revocationFeedEntry, revocationsQuery } from "./revocation-feed.ts"
export type { CallerNeeds, EmptyAnswer, JsonAnswer, Route, RouteMethod, TextAnswer } from "./route.ts"
export {
  type RouteName,
  type RouteParameters,
  type RouteProblem,
  type RouteQuery,
  type RouteQueryInput,
  type RouteRequest,
  type RouteRequestInput,
  type RouteResponse,
  type RouteResponseInput,
  type Routes,
  routes,
} from "./routes.ts"
export { invalidTokenResponse, validationRequest, validationResponse, validTokenResponse } from "./validation.ts"
