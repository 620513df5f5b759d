import { randomBytes } from "node:crypto"
import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { App } from "../ports/records.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { hashClientSecret, requireActiveApp } from "./app.ts"

/** How a secret is rotated. */
export interface SecretRotationRequest {
  /** Seconds for which the old secret stays valid; 0 ends it now. Default: a day. */
  readonly grace?: number
}

/** The new secret, which is shown only here. */
export interface RotatedSecret {
  readonly appId: string
  readonly clientSecret: string
  /** When the old secret ends, in milliseconds since the Unix epoch. */
  readonly previousValidUntil: number
}

const DEFAULT_GRACE_SECONDS = 86_400

/** A new client secret: 256 random bits. */
export const newClientSecret = (): string => randomBytes(32).toString("hex")

/**
 * Gives an app a new client secret (CONTRACT 3, `POST /v1/admin/apps/{id}/secret`). The old one stays valid for the
 * grace period, so that running processes can be given the new one first. An app has two secrets at most: another
 * rotation ends the oldest at once.
 */
export async function rotateAppSecret(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  appId: string | undefined,
  { grace = DEFAULT_GRACE_SECONDS }: SecretRotationRequest = {},
): Promise<RotatedSecret> {
  const { previousSecret: _ended, ...app } = await requireActiveApp(context, appId)
  const now = context.clock.now()
  const clientSecret = newClientSecret()
  const validUntil = now + grace * 1000
  const changed: App = {
    ...app,
    secretHash: hashClientSecret(clientSecret).toString("hex"),
    ...(grace > 0 && { previousSecret: { secretHash: app.secretHash, validUntil } }),
    updatedAt: now,
    revision: app.revision + 1,
  }
  const detail = `${app.appId}: new secret, the old one ${grace === 0 ? "ended" : `stays valid for ${grace} s`}`
  await commit(context, {
    writes: [{ type: "change_app", app: changed }],
    events: [successEvent("app_secret_rotated", caller, subjectOf(operator), detail)],
  })
  return { appId: app.appId, clientSecret, previousValidUntil: validUntil }
}
