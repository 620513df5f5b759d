import { requestText } from "./connection.ts"
import { makeLaunchTokens, registering } from "./registrations.ts"
import { expectStatus, memberOf, type Scenario } from "./scenario.ts"

/** One agent on each connection, which renews its token again and again. */
export interface RenewalsOptions {
  readonly adminToken: string
}

export const renewals: Scenario<RenewalsOptions> = async (connections, { adminToken }) => {
  const launchTokens = await makeLaunchTokens(connections, adminToken, connections.length)
  const tokens = await Promise.all(
    connections.map(async (connection, lane) =>
      memberOf(await registering(connection, lane)(launchTokens[lane] ?? ""), "access_token"),
    ),
  )
  return (connection, lane) => {
    let token = tokens[lane] ?? ""
    return async () => {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await connection.send(requestText({ method: "POST", path: "/v1/token/renew", headers }))
      token = memberOf(expectStatus(answer, 200), "access_token")
      return true
    }
  }
}
