import { type Answer, agent, call, launchToken, registration } from "@agentwrit/testing/client"
import { tokenPart } from "@agentwrit/testing/forged-tokens"

/** Every credential lives this long: it expires when the clock steps an hour ahead, and not before the run is over. */
const TTL_SECONDS = 1800

const SCOPE = ["read:data:7"]

/** The environment of a broker whose credentials live that long. */
export const TTLS = { AA_DEFAULT_TTL: String(TTL_SECONDS), AA_APP_TOKEN_TTL: String(TTL_SECONDS) }

/** Credentials that were ended in every possible way, and a living token. */
export interface EndedCredentials {
  readonly living: string
  /** The ended tokens, by how they were ended. */
  readonly tokens: Record<string, string>
  /** Tries all of them, and returns which ones work again. */
  problems(url: string): Promise<string[]>
}

/** Makes credentials and ends them. */
export async function endCredentials(url: string, admin: string): Promise<EndedCredentials> {
  const register = (task_id: string) => agent(url, admin, { task_id, requested_scope: SCOPE })
  const living = await register("t-0")
  const renewed = await register("t-1")
  const released = await register("t-2")
  const byToken = await register("t-3")
  const byAgent = await register("t-4")
  const byTask = await register("t-5")
  const byChain = await register("t-6")
  const tokens: Record<string, string> = {
    renewed: renewed.access_token,
    released: released.access_token,
    "revoked by id": byToken.access_token,
    "of a revoked agent": byAgent.access_token,
    "of a revoked task": byTask.access_token,
    "delegated by a revoked agent": await delegated(url, byAgent.access_token, living.agent_id),
    "of a revoked chain": await delegated(url, byChain.access_token, living.agent_id),
  }
  const json = { name: "ended", scopes: SCOPE }
  const { app_id, client_id, client_secret } = (await ok(call(url, "POST /v1/admin/apps", { bearer: admin, json })))
    .body
  const signIn = (to: string) => call(to, "POST /v1/app/auth", { json: { client_id, client_secret } })
  const appToken: string = (await ok(signIn(url))).body.access_token
  const single = await launchToken(url, admin, { ttl: TTL_SECONDS })
  const spentNonce = await registration(url, await launchToken(url, admin, { single_use: false, ttl: TTL_SECONDS }))
  tokens["of a deregistered app"] = appToken

  await ok(call(url, "POST /v1/token/renew", { bearer: renewed.access_token }))
  await ok(call(url, "POST /v1/token/release", { bearer: released.access_token }))
  for (const [level, target] of [
    ["token", tokenPart(byToken.access_token, 1).jti],
    ["agent", byAgent.agent_id],
    ["task", "t-5"],
    ["chain", byChain.agent_id],
  ])
    await ok(call(url, "POST /v1/revoke", { bearer: admin, json: { level, target } }))
  await ok(use(url, single))
  await ok(call(url, "POST /v1/register", { json: spentNonce }))
  await ok(call(url, `DELETE /v1/admin/apps/${app_id}`, { bearer: admin }))

  const attempts: [what: string, send: (to: string) => Promise<Answer>][] = [
    ["the spent launch token registers", (to) => use(to, single)],
    ["the spent nonce registers", (to) => call(to, "POST /v1/register", { json: spentNonce })],
    ["a deregistered app signs in", signIn],
  ]
  return {
    living: living.access_token,
    tokens,
    async problems(to) {
      const problems: string[] = []
      for (const [what, token] of Object.entries(tokens)) {
        const { body } = await call(to, "POST /v1/token/validate", { json: { token } })
        if (body.valid !== false) problems.push(`the token ${what} validates`)
        const { status } = await call(to, "POST /v1/token/renew", { bearer: token })
        if (status === 200) problems.push(`the token ${what} is renewed`)
      }
      for (const [what, send] of attempts) if ((await send(to)).status < 300) problems.push(`${what} again`)
      return problems
    },
  }
}

const use = async (url: string, token: string): Promise<Answer> =>
  call(url, "POST /v1/register", { json: await registration(url, token, { requested_scope: SCOPE }) })

async function delegated(url: string, bearer: string, to: string): Promise<string> {
  const json = { delegate_to: to, scope: SCOPE, ttl: TTL_SECONDS }
  return (await ok(call(url, "POST /v1/delegate", { bearer, json }))).body.access_token
}

async function ok(asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked
  if (answer.status >= 300) throw new Error(answer.text)
  return answer
}
