import { generateKeyPairSync, sign } from "node:crypto"
import { type Connection, requestText } from "./connection.ts"
import { expectStatus, memberOf, type Scenario } from "./scenario.ts"

/** Registrations, each with a challenge, a signature and its own launch token. */
export interface RegistrationsOptions {
  /** Makes the launch tokens. */
  readonly adminToken: string
  /** The number of launch tokens. */
  readonly count: number
}

const CHALLENGE = requestText({ method: "GET", path: "/v1/challenge" })

export const registrations: Scenario<RegistrationsOptions> = async (connections, { adminToken, count }) => {
  const launchTokens = await makeLaunchTokens(connections, adminToken, count)
  return (connection, lane) => {
    const register = registering(connection, lane)
    return async () => {
      const launchToken = launchTokens.pop()
      if (launchToken === undefined) return false
      await register(launchToken)
      return true
    }
  }
}

/** Registers an agent, and returns the body of the answer. */
export function registering(connection: Connection, lane: number): (launchToken: string) => Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const encodedKey = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64")
  let made = 0
  return async (launchToken) => {
    const nonce = memberOf(expectStatus(await connection.send(CHALLENGE), 200), "nonce")
    const json = {
      launch_token: launchToken,
      nonce,
      public_key: encodedKey,
      signature: sign(null, Buffer.from(nonce, "hex"), privateKey).toString("base64"),
      orch_id: "crm",
      task_id: `task-${lane}-${made++}`,
      requested_scope: ["read:data:customer-7291"],
    }
    return expectStatus(await connection.send(requestText({ method: "POST", path: "/v1/register", json })), 200)
  }
}

/** Makes launch tokens over all connections. */
export async function makeLaunchTokens(
  connections: readonly Connection[],
  adminToken: string,
  count: number,
): Promise<string[]> {
  const request = requestText({
    method: "POST",
    path: "/v1/admin/launch-tokens",
    headers: { authorization: `Bearer ${adminToken}` },
    json: { agent_name: "bench", allowed_scope: ["read:data:*"], ttl: 3600, max_ttl: 3600 },
  })
  const tokens: string[] = []
  let asked = 0
  const make = async (connection: Connection): Promise<void> => {
    while (asked++ < count) tokens.push(memberOf(expectStatus(await connection.send(request), 201), "launch_token"))
  }
  await Promise.all(connections.map(make))
  return tokens
}
