import type { BrokerClient } from "./broker-client.ts"
import { appSignIn } from "./calls.ts"
import { issuedToken } from "./issued-token.ts"
import { requireText } from "./required-text.ts"
import { Session } from "./session.ts"

/** The credentials of an app, from its registration. */
export interface AppCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

/** The part of its life in which an app's token is used for new calls. */
const USABLE_PART = 0.9

/**
 * The session of an app.
 * @throws `TypeError` for invalid credentials.
 */
export function appSession(client: BrokerClient, { clientId, clientSecret }: AppCredentials): Session {
  requireText("clientId", clientId)
  requireText("clientSecret", clientSecret)
  return new Session(async () => {
    const requestedAt = performance.now()
    const answer = await client.send(appSignIn, { body: { clientId, clientSecret } })
    return issuedToken(client.brokerUrl, answer, requestedAt)
  }, USABLE_PART)
}
