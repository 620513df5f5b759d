import { adminToken, post } from "./broker.ts"
import { asAnswered, type FloorRoute, type Work } from "./floor/floor.ts"
import { Connection } from "./load/connection.ts"
import { registering } from "./load/registrations.ts"

/** What a registration and all that leads to it is answered, as routes of a floor that does `work` for each registration. */
export async function registrationFloor(url: string, work: readonly Work[]): Promise<FloorRoute[]> {
  const bearer = await adminToken(url)
  const policy = { agent_name: "bench", allowed_scope: ["read:data:*"], max_ttl: 3600 }
  const launchToken = { method: "POST", path: "/v1/admin/launch-tokens", json: policy, bearer } as const
  return [
    await asAnswered(url, { method: "GET", path: "/v1/challenge" }),
    await asAnswered(url, launchToken),
    { ...(await likeJson(url, "/v1/register", await registrationBody(url, bearer, policy))), work },
  ]
}

/** The answer to a registration. */
async function registrationBody(url: string, bearer: string, policy: Record<string, unknown>): Promise<string> {
  const connection = await Connection.open(url)
  const { launch_token: launchToken } = await post(url, "/v1/admin/launch-tokens", policy, bearer)
  const body = await registering(connection, 0)(String(launchToken))
  connection.close()
  return body
}

/** A POST that answers a body with the headers that the broker gives to every JSON answer. */
export async function likeJson(url: string, path: string, body: string): Promise<FloorRoute> {
  const { answer } = await asAnswered(url, { method: "GET", path: "/v1/challenge" })
  return { method: "POST", path, answer: { ...answer, body }, work: [] }
}
