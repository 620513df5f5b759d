import { type Answer, agent, call, launchToken, registration } from "@agentwrit/testing/client"

/** Seconds that every credential here lives: past its end when the clock goes an hour on, and not before the run is over. */
const TTL = 1800

const SCOPE = ["read:data:7"]

/** What a broker is started with so that its credentials live that long. */
export const LIFE = { AA_DEFAULT_TTL: String(TTL), AA_APP_TOKEN_TTL: String(TTL) }

/** Credentials that were ended in every way there is, and one that was not. */
export interface EndedCredentials {
  /** The token of an agent that nothing ended. */
  readonly living: string
  /** Uses them all, and tells which of them work again. */
  problems(url: string): Promise<string[]>
}

/** Something that a client tries with what was ended, which must not be answered with success. */
interface Attempt {
  readonly tell: string
  send(url: string): Promise<Answer>
}

/** Ends credentials in every way there is. */
export async function endCredentials(url: string, admin: string): Promise<EndedCredentials> {
  const one = (task_id: string): Promise<Held> => agent(url, admin, { task_id, requested_scope: SCOPE })
  const [superseded, released, byId, ofAgent, ofTask, chained, living] = await Promise.all([
    ...([one("t-1"), one("t-2"), one("t-3"), one("t-4"), one("t-5"), one("t-6"), one("t-7")] as const),
  ])
  const underChain = await delegate(url, chained.access_token, living.agent_id)
  const tokens: Record<string, string> = {
    superseded: superseded.access_token,
    released: released.access_token,
    "revoked by id": byId.access_token,
    "of a revoked agent": ofAgent.access_token,
    "of a revoked task": ofTask.access_token,
    "delegated by a revoked agent": await delegate(url, ofAgent.access_token, living.agent_id),
    "delegated and released": await delegate(url, living.access_token, chained.agent_id),
    "delegated in a revoked chain": underChain,
    "delegated further in a revoked chain": await delegate(url, underChain, released.agent_id),
  }
  const app = await anApp(url, admin)
  const single = await launchToken(url, admin, { ttl: TTL })
  const reusable = await launchToken(url, admin, { single_use: false, ttl: TTL })
  const spentNonce = await registration(url, reusable)
  const revoke = (level: string, target: unknown) =>
    succeeds(call(url, "POST /v1/revoke", { bearer: admin, json: { level, target } }))
  await succeeds(call(url, "POST /v1/token/renew", { bearer: superseded.access_token }))
  for (const what of ["released", "delegated and released"])
    await succeeds(call(url, "POST /v1/token/release", { bearer: tokens[what] ?? "" }))
  await revoke("token", JSON.parse(Buffer.from(byId.access_token.split(".")[1] ?? "", "base64url").toString()).jti)
  await revoke("agent", ofAgent.agent_id)
  await revoke("task", "t-5")
  await revoke("chain", chained.agent_id)
  await succeeds(call(url, "POST /v1/register", { json: await registration(url, single) }))
  await succeeds(call(url, "POST /v1/register", { json: spentNonce }))
  await succeeds(call(url, `DELETE /v1/admin/apps/${app.id}`, { bearer: admin }))
  const attempts: Attempt[] = [
    // Each with a nonce of its own, so that nothing but the launch token is in the way.
    { tell: "the spent launch token registers again", send: (to) => register(to, single) },
    {
      tell: "the spent nonce registers again",
      send: (to) => call(to, "POST /v1/register", { json: spentNonce }),
    },
    { tell: "the launch token of a deregistered app registers", send: (to) => register(to, app.launchToken) },
    { tell: "a deregistered app signs in", send: (to) => call(to, "POST /v1/app/auth", { json: app.credentials }) },
    { tell: "the token of a deregistered app issues", send: (to) => appLaunchToken(to, app.token) },
    {
      tell: "an agent of a deregistered app renews",
      send: (to) => call(to, "POST /v1/token/renew", { bearer: app.renewing }),
    },
    {
      tell: "an agent of a deregistered app delegates",
      send: (to) => delegation(to, app.delegating, living.agent_id),
    },
    {
      tell: "an agent whose chain is revoked delegates",
      send: (to) => delegation(to, chained.access_token, living.agent_id),
    },
  ]
  tokens["of a deregistered app"] = app.token
  return {
    living: living.access_token,
    async problems(to) {
      const told = Object.entries(tokens).map(async ([what, token]) => {
        const { body } = await call(to, "POST /v1/token/validate", { json: { token } })
        const { status } = await call(to, "POST /v1/token/renew", { bearer: token })
        return [
          ...(body.valid === false ? [] : [`the token ${what} validates again`]),
          ...(status === 200 ? [`the token ${what} is renewed`] : []),
        ]
      })
      const tried = attempts.map(async ({ tell, send }) => ((await send(to)).status < 300 ? [tell] : []))
      return (await Promise.all([...told, ...tried])).flat()
    },
  }
}

interface Held {
  readonly agent_id: string
  readonly access_token: string
}

/** An app with a token, two agents and a launch token that was not used. */
async function anApp(url: string, admin: string) {
  const json = { name: "ended", scopes: SCOPE }
  const { body } = await succeeds(call(url, "POST /v1/admin/apps", { bearer: admin, json }))
  const credentials = { client_id: body.client_id, client_secret: body.client_secret }
  const token = (await succeeds(call(url, "POST /v1/app/auth", { json: credentials }))).body.access_token
  const issued = async () => (await succeeds(appLaunchToken(url, token))).body.launch_token
  const agentToken = async () => (await succeeds(register(url, await issued()))).body.access_token
  return {
    ...{ id: body.app_id, credentials, token, launchToken: await issued() },
    ...{ renewing: await agentToken(), delegating: await agentToken() },
  }
}

const appLaunchToken = (url: string, bearer: string): Promise<Answer> =>
  call(url, "POST /v1/app/launch-tokens", { bearer, json: { agent_name: "worker", allowed_scope: SCOPE, ttl: TTL } })

const register = async (url: string, launchToken: string): Promise<Answer> =>
  call(url, "POST /v1/register", { json: await registration(url, launchToken, { requested_scope: SCOPE }) })

const delegation = (url: string, bearer: string, to: string): Promise<Answer> =>
  call(url, "POST /v1/delegate", { bearer, json: { delegate_to: to, scope: SCOPE, ttl: TTL } })

const delegate = async (url: string, bearer: string, to: string): Promise<string> =>
  (await succeeds(delegation(url, bearer, to))).body.access_token

async function succeeds(asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked
  if (answer.status >= 300) throw new Error(answer.text)
  return answer
}
