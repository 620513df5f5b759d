import { createPrivateKey } from "node:crypto"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { createVerifier, VerificationError } from "@agentwrit/sdk/verify"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, launchToken, registration } from "@agentwrit/testing/client"
import { type ChainRecord, chainHashOf, chainOf } from "@agentwrit/testing/forged-chains"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { mutatedToken } from "./mutators.ts"
import { Random } from "./random.ts"
import type { Row } from "./report.ts"
import type { Scenario } from "./stage.ts"
import type { Loot } from "./token-attack.ts"
import { TOKEN_ATTACKS } from "./token-attacks.ts"

/** Tokens of every false kind, put to the broker and to a resource server's verifier: both refuse, and neither asks a stranger for a key. */
export const tokens: Scenario = {
  name: "tokens",
  async run(stage) {
    const row = stage.report.row("tokens")
    const seed = stage.seed()
    await using folder = await brokerFolder()
    await forgeTokens(folder, row, seed, stage.profile.tokens.mutations)
  },
}

/** What judges a token for a resource server. */
export interface Judge {
  verify(token: string): Promise<unknown>
}

/** Tries every attack, and so many tokens and chains that chance makes. `judgeBy`: makes of the package's verifier what judges in its place. */
export async function forgeTokens(
  folder: BrokerFolder,
  row: Row,
  seed: number,
  mutations: number,
  environment: Record<string, string> = {},
  judgeBy: (verifier: Judge) => Judge = (verifier) => verifier,
): Promise<void> {
  await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400", ...environment })
  const { url } = broker
  await using keyServer = await countingServer()
  await using verifier = createVerifier({ brokerUrl: url })
  const judges: Judges = { url, verifier: judgeBy(verifier) }
  const token = await adminToken(url)
  const [jwk] = (await call(url, "GET /.well-known/jwks.json")).body.keys
  const loot: Loot = {
    url,
    token,
    publicKey: Buffer.from(jwk.x, "base64url"),
    stolen: createPrivateKey(readFileSync(join(folder.path, "signing.key"))),
    keyServer: keyServer.url,
  }
  // Where what is right is refused, a refusal of what is false shows nothing.
  const again = signedByBroker(folder, tokenPart(token, 0), tokenPart(token, 1))
  row.check(again === token && (await isTaken(judges, token)) ? [] : ["a good token is refused"], seed)
  for (const { name, make } of TOKEN_ATTACKS) row.check(await problemsOf(judges, name, await make(loot)), seed)

  const random = new Random(seed)
  for (let time = 0; time < mutations; time++) {
    const mutated = mutatedToken(token, random)
    if (mutated !== token) row.check(await problemsOf(judges, `a token changed by chance (${mutated})`, mutated), seed)
  }
  const delegated = await delegatedTokens(url, token)
  for (const sound of delegated)
    row.check((await isTaken(judges, sound)) ? [] : ["a good delegated token is refused"], seed)
  for (let time = 0; time < mutations; time++) {
    const [name, forged] = chainByChance(folder, delegated, random)
    row.check(await problemsOf(judges, name, forged), seed)
  }
  row.check(await smallOrderProblems(url, token), seed)
  row.check(keyServer.asked() === 0 ? [] : ["a key was asked for where a token said"], seed)
  row.note(`${TOKEN_ATTACKS.length} attacks, ${mutations} tokens and ${mutations} chains by chance`)
}

interface Judges {
  readonly url: string
  readonly verifier: Judge
}

/** Who of both took it, or did not refuse it as a bad token is refused. */
async function problemsOf({ url, verifier }: Judges, name: string, token: string): Promise<string[]> {
  const problems: string[] = []
  const validated = await call(url, "POST /v1/token/validate", { json: { token } })
  // One that ill-formed text is in does not even reach the rules.
  const isRefused = validated.body?.valid === false || validated.status === 400
  if (!isRefused) problems.push(`${name}: the broker's verdict is ${validated.status} ${validated.text}`)
  // What no header can carry cannot be brought by it.
  if (/^[\x21-\x7e]+$/.test(token)) {
    const { status, text } = await call(url, "GET /v1/admin/apps", { bearer: token })
    if (status !== 401 && status !== 431)
      problems.push(`${name}: as a bearer token it is answered with ${status} ${text}`)
  }
  const judged = await verifier.verify(token).catch((error: unknown) => error)
  const isInvalid = judged instanceof VerificationError && judged.status === 401
  if (!isInvalid) problems.push(`${name}: the verifier's verdict is ${String(judged)}`)
  return problems
}

async function isTaken({ url, verifier }: Judges, token: string): Promise<boolean> {
  const { body } = await call(url, "POST /v1/token/validate", { json: { token } })
  const isVerified = await verifier.verify(token).then(
    () => true,
    () => false,
  )
  return body?.valid === true && isVerified
}

/** Three tokens of one delegate, each through another chain. */
async function delegatedTokens(url: string, admin: string): Promise<string[]> {
  const last = await agent(url, admin)
  const made: string[] = []
  for (let chain = 0; chain < 3; chain++) {
    let { access_token: bearer } = await agent(url, admin)
    for (const next of [await agent(url, admin), await agent(url, admin), last]) {
      const json = { delegate_to: next.agent_id, scope: ["read:data:7"] }
      bearer = (await call(url, "POST /v1/delegate", { bearer, json })).body.access_token
    }
    made.push(bearer)
  }
  return made
}

/** A token whose chain is made of the records of several, in any number and order, hashed and signed as if it were right. */
function chainByChance(folder: BrokerFolder, from: readonly string[], random: Random): [name: string, token: string] {
  const token = random.pick(from) ?? ""
  const all = from.flatMap(chainOf)
  const genuine = from.map((one) => chainHashOf(chainOf(one)))
  for (;;) {
    const chain: ChainRecord[] = []
    for (let length = random.integer(1, 5); length > 0; length--) {
      // Mostly what would come next, so that most of it is sound.
      const next = random.chance(0.5) ? chainOf(token)[chain.length] : random.pick(all)
      if (next !== undefined) chain.push(next)
    }
    const hash = chainHashOf(chain)
    // A genuine chain cut at its end is one that the broker made, of another token.
    const isGenuine = from.some((one) =>
      chainOf(one)
        .slice(0, chain.length)
        .every((record, at) => record.signature === chain[at]?.signature),
    )
    if (isGenuine || genuine.includes(hash)) continue
    const claims = { ...tokenPart(token, 1), delegation_chain: chain, chain_hash: hash }
    return [
      `a chain of ${chain.length} records by chance (${hash})`,
      signedByBroker(folder, tokenPart(token, 0), claims),
    ]
  }
}

/** Keys under which one signature holds for every nonce: all points of small order, in every spelling. */
const SMALL_ORDER = [
  ...["01", "00", "ec", "ed", "ee"].map((low) => low + (low < "02" ? "00".repeat(31) : `${"ff".repeat(30)}7f`)),
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
].flatMap((hex) => [hex, hex.slice(0, -2) + (Number.parseInt(hex.slice(-2), 16) | 0x80).toString(16)])

async function smallOrderProblems(url: string, admin: string): Promise<string[]> {
  const reusable = await launchToken(url, admin, { single_use: false })
  const problems: string[] = []
  for (const hex of SMALL_ORDER) {
    const public_key = Buffer.from(hex, "hex").toString("base64")
    // R = the key or the identity, S = 0: holds for one nonce in eight, or for all.
    for (const r of [hex, `01${"00".repeat(31)}`]) {
      const signature = Buffer.from(r + "00".repeat(32), "hex").toString("base64")
      const json = await registration(url, reusable, { public_key, signature })
      const { status, text } = await call(url, "POST /v1/register", { json })
      if (status !== 401) problems.push(`a key of small order (${hex}) is answered with ${status} ${text}`)
    }
  }
  return problems
}

/** A server that nobody should ask. */
async function countingServer() {
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    response.end("{}")
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
