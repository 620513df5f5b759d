import { createPrivateKey } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { createVerifier, VerificationError, type Verifier } from "@agentwrit/sdk/verify"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { CHAIN_FORGERIES, chainHashOf, chainOf } from "@agentwrit/testing/forged-chains"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { Random } from "@agentwrit/testing/random"
import type { Scenario } from "./stage.ts"
import { attackTokens, mutatedToken } from "./token-attacks.ts"

/** False tokens of every kind. The broker and the SDK's verifier must refuse them. */
export const tokens: Scenario = {
  name: "tokens",
  async run(stage) {
    const seed = stage.seed()
    const random = new Random(seed)
    const { mutations } = stage.profile.tokens
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400" })
    const { url } = broker
    await using verifier = createVerifier({ brokerUrl: url })
    const judges: Judges = { url, verifier }
    const token = await adminToken(url)
    const delegated = await delegatedTokens(url, token)
    for (const good of [token, ...delegated])
      stage.check((await acceptedBy(judges, good)).length === 3 ? [] : ["a good token is refused"], seed)

    const attacks = attackTokens({
      token,
      publicKey: Buffer.from((await call(url, "GET /.well-known/jwks.json")).body.keys[0].x, "base64url"),
      brokerKey: createPrivateKey(readFileSync(join(folder.path, "signing.key"))),
      feedMessage: (await call(url, "GET /v1/revocations?since=0")).text.trim(),
    })
    const refuse = async (name: string, bad: string) => stage.check(await acceptedBy(judges, bad), seed, name)
    for (const [name, attack] of Object.entries(attacks)) await refuse(name, attack)
    for (let time = 0; time < mutations; time++) {
      const mutated = mutatedToken(token, random)
      if (mutated !== token) await refuse(`a random change (${mutated})`, mutated)
    }
    const [chain = [], another = []] = delegated.map(chainOf)
    for (const [what, forge] of CHAIN_FORGERIES) {
      const forged = forge(chain, another)
      const claims = { ...tokenPart(delegated[0] ?? "", 1), delegation_chain: forged, chain_hash: chainHashOf(forged) }
      await refuse(`a chain ${what}`, signedByBroker(folder, tokenPart(token, 0), claims))
    }
    stage.notes.push(
      `${Object.keys(attacks).length} attacks, ${CHAIN_FORGERIES.length} chains, ${mutations} random changes`,
    )
  },
}

/** Who decides about a token. */
export interface Judges {
  readonly url: string
  readonly verifier: Pick<Verifier, "verify">
}

/** Who did not refuse the token as an invalid one. */
export async function acceptedBy({ url, verifier }: Judges, token: string): Promise<string[]> {
  const accepted: string[] = []
  const validated = await call(url, "POST /v1/token/validate", { json: { token } })
  if (validated.body?.valid !== false && validated.status !== 400)
    accepted.push(`accepted by the broker (${validated.text})`)
  // Other characters cannot stand in a header.
  if (/^[\x21-\x7e]+$/.test(token)) {
    const { status, text } = await call(url, "GET /v1/admin/agents", { bearer: token })
    if (status !== 401 && status !== 431) accepted.push(`accepted by the broker as a bearer token (${status} ${text})`)
  }
  const judged = await verifier.verify(token).catch((error: unknown) => error)
  if (!(judged instanceof VerificationError && judged.status === 401))
    accepted.push(`accepted by the verifier (${String(judged)})`)
  return accepted
}

/** Two tokens of one delegate, each with another chain. */
async function delegatedTokens(url: string, admin: string): Promise<string[]> {
  const last = await agent(url, admin)
  const made: string[] = []
  for (let chain = 0; chain < 2; chain++) {
    let { access_token: bearer } = await agent(url, admin)
    for (const next of [await agent(url, admin), await agent(url, admin), last]) {
      const json = { delegate_to: next.agent_id, scope: ["read:data:7"] }
      bearer = (await call(url, "POST /v1/delegate", { bearer, json })).body.access_token
    }
    made.push(bearer)
  }
  return made
}
