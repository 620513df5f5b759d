import type { Claims } from "@agentwrit/core"
import { countActiveAgents, queryAgents } from "./agents/query.ts"
import { register, registrationSubject } from "./agents/registration.ts"
import { getApp, listApps } from "./apps/app.ts"
import { deregisterApp } from "./apps/deregistration.ts"
import { createApp } from "./apps/registration.ts"
import { restoreApp } from "./apps/restore.ts"
import { rotateAppSecret } from "./apps/secret.ts"
import { signInApp } from "./apps/sign-in.ts"
import { updateApp } from "./apps/update.ts"
import type { Caller } from "./caller.ts"
import { delegate } from "./delegation/delegation.ts"
import { rotateAuditKey } from "./keys/audit-rotation.ts"
import { listKeys, retireKey, rotateKey } from "./keys/rotation.ts"
import { createAppLaunchToken, createLaunchToken } from "./launch-tokens/launch-token.ts"
import { listAppLaunchTokens, listLaunchTokens } from "./launch-tokens/query.ts"
import { revokeAppLaunchToken, revokeLaunchToken } from "./launch-tokens/revocation.ts"
import { seedTokens } from "./operators/seed.ts"
import { signInAdmin } from "./operators/sign-in.ts"
import type { Refusal } from "./refusal.ts"
import { previewRevocation, revoke } from "./revocation/revocation.ts"
import { authenticate } from "./tokens/authentication.ts"
import { releaseToken } from "./tokens/release.ts"
import { renewToken } from "./tokens/renewal.ts"
import { validateToken } from "./tokens/validation.ts"
import { signedCheckpoint } from "./trail/checkpoint.ts"
import { recordDenial } from "./trail/denial.ts"
import { type Subject, subjectOf } from "./trail/event.ts"
import { queryEvents } from "./trail/query.ts"
import type { UseCaseTable } from "./use-case.ts"

/** The use cases. */
export interface UseCases {
  readonly authenticate: typeof authenticate
  readonly signInAdmin: typeof signInAdmin
  readonly signInApp: typeof signInApp
  readonly createLaunchToken: typeof createLaunchToken
  readonly createAppLaunchToken: typeof createAppLaunchToken
  readonly listLaunchTokens: typeof listLaunchTokens
  readonly listAppLaunchTokens: typeof listAppLaunchTokens
  readonly revokeLaunchToken: typeof revokeLaunchToken
  readonly revokeAppLaunchToken: typeof revokeAppLaunchToken
  readonly createApp: typeof createApp
  readonly updateApp: typeof updateApp
  readonly deregisterApp: typeof deregisterApp
  readonly rotateAppSecret: typeof rotateAppSecret
  readonly restoreApp: typeof restoreApp
  readonly register: typeof register
  readonly validateToken: typeof validateToken
  readonly renewToken: typeof renewToken
  readonly releaseToken: typeof releaseToken
  readonly delegate: typeof delegate
  readonly revoke: typeof revoke
  readonly previewRevocation: typeof previewRevocation
  readonly listKeys: typeof listKeys
  readonly rotateKey: typeof rotateKey
  readonly retireKey: typeof retireKey
  readonly rotateAuditKey: typeof rotateAuditKey
  readonly listApps: typeof listApps
  readonly getApp: typeof getApp
  readonly queryEvents: typeof queryEvents
  readonly queryAgents: typeof queryAgents
  readonly countActiveAgents: typeof countActiveAgents
  readonly signedCheckpoint: typeof signedCheckpoint
  readonly seedTokens: typeof seedTokens
  readonly recordDenial: typeof recordDenial
}

/** The use cases, and the event that records a refusal of each. */
export const useCases: UseCaseTable<UseCases> = {
  authenticate: { run: authenticate, deniedAs: "token_auth_failed" },
  signInAdmin: { run: signInAdmin, deniedAs: "admin_auth_failed" },
  signInApp: { run: signInApp, deniedAs: "app_auth_failed" },
  createLaunchToken: { run: createLaunchToken, deniedAs: "launch_token_denied", subject: principal },
  createAppLaunchToken: { run: createAppLaunchToken, deniedAs: "launch_token_denied", subject: principal },
  listLaunchTokens: { run: listLaunchTokens },
  listAppLaunchTokens: { run: listAppLaunchTokens },
  revokeLaunchToken: { run: revokeLaunchToken, deniedAs: "launch_token_revoked", subject: principal },
  revokeAppLaunchToken: { run: revokeAppLaunchToken, deniedAs: "launch_token_revoked", subject: principal },
  createApp: { run: createApp, deniedAs: "app_registered", subject: principal },
  updateApp: { run: updateApp, deniedAs: "app_updated", subject: principal },
  deregisterApp: { run: deregisterApp, deniedAs: "app_deregistered", subject: principal },
  rotateAppSecret: { run: rotateAppSecret, deniedAs: "app_secret_rotated", subject: principal },
  restoreApp: { run: restoreApp, deniedAs: "app_restored", subject: principal },
  register: {
    run: register,
    deniedAs: "registration_policy_violation",
    subject: (refusal, [, request]) => registrationSubject(refusal, request),
  },
  validateToken: { run: validateToken },
  renewToken: { run: renewToken, deniedAs: "token_renewal_failed", subject: principal },
  releaseToken: { run: releaseToken, deniedAs: "token_revoked_access", subject: principal },
  delegate: { run: delegate, deniedAs: "delegation_created", subject: principal },
  revoke: { run: revoke, deniedAs: "token_revoked", subject: principal },
  previewRevocation: { run: previewRevocation },
  listKeys: { run: listKeys },
  rotateKey: { run: rotateKey, deniedAs: "key_rotated", subject: principal },
  rotateAuditKey: { run: rotateAuditKey, deniedAs: "key_rotated", subject: principal },
  retireKey: { run: retireKey, deniedAs: "key_retired", subject: principal },
  listApps: { run: listApps },
  getApp: { run: getApp },
  queryEvents: { run: queryEvents },
  queryAgents: { run: queryAgents },
  countActiveAgents: { run: countActiveAgents },
  signedCheckpoint: { run: signedCheckpoint },
  seedTokens: { run: seedTokens },
  recordDenial: { run: recordDenial },
}

/** The caller, by the token that it presented. */
function principal(_: Refusal, [, claims]: readonly [Caller, Claims, ...unknown[]]): Subject {
  return subjectOf(claims)
}
