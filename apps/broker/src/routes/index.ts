import { adminSignIn } from "./admin-sign-in.ts"
import { agents } from "./agents.ts"
import { createApp, deregisterApp, getApp, listApps, restoreApp, rotateAppSecret, updateApp } from "./app.ts"
import { appSignIn } from "./app-sign-in.ts"
import { auditCheckpoint, auditEvents } from "./audit.ts"
import { challenge } from "./challenge.ts"
import { delegate } from "./delegation.ts"
import type { Endpoint } from "./endpoint.ts"
import { health, type Program } from "./health.ts"
import { jwks } from "./jwks.ts"
import { listKeys, retireKey, rotateAuditKey, rotateKey } from "./key.ts"
import {
  createAppLaunchToken,
  createLaunchToken,
  listAppLaunchTokens,
  listLaunchTokens,
  revokeAppLaunchToken,
  revokeLaunchToken,
} from "./launch-token.ts"
import { metricsEndpoint } from "./metrics.ts"
import { openapi } from "./openapi.ts"
import { register } from "./registration.ts"
import { release } from "./release.ts"
import { renew } from "./renewal.ts"
import { previewRevocation, revoke } from "./revocation.ts"
import { revocations } from "./revocation-feed.ts"
import { validate } from "./validation.ts"

/** Every endpoint of the broker. */
export function endpoints(program: Program): readonly Endpoint[] {
  return [
    challenge,
    register,
    validate,
    renew,
    release,
    delegate,
    revoke,
    previewRevocation,
    adminSignIn(),
    createLaunchToken,
    listLaunchTokens,
    revokeLaunchToken,
    createApp,
    listApps,
    getApp,
    updateApp,
    deregisterApp,
    rotateAppSecret,
    restoreApp,
    appSignIn(),
    createAppLaunchToken,
    listAppLaunchTokens,
    revokeAppLaunchToken,
    agents,
    auditEvents,
    auditCheckpoint,
    listKeys,
    rotateKey,
    rotateAuditKey,
    retireKey,
    health(program),
    metricsEndpoint(program.metrics),
    jwks,
    openapi(program.version),
    revocations(program.feedAccess),
  ]
}
