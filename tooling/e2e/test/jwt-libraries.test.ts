import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { boundAgent } from "@agentwrit/testing/bound-agent"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { type Proxy as BrokerProxy, startProxy } from "@agentwrit/testing/proxy"
import { delegationChain, revoke } from "@agentwrit/testing/verifying"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { blocksOf } from "../src/repository.ts"
import { shell } from "../src/shell.ts"
import { readSnippets, writeSnippets } from "../src/snippets.ts"

const PAGE = "docs/jwt-libraries.md"
const ACCEPTED = ["delegated", "good"]

let folder: BrokerFolder
let front: BrokerProxy
let tokens: Readonly<Record<string, string>>
beforeAll(async () => {
  // The broker's issuer is its address, which is known before it starts.
  front = await startProxy("")
  folder = await brokerFolder()
  front.target = (await startBroker(folder, { AA_ISSUER: front.url, AA_AUDIENCE: "orders" })).url
  tokens = await goodAndBad(front.url, folder)
}, 60_000)
afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** The tokens by which the page's recipes were tried. */
async function goodAndBad(url: string, broker: BrokerFolder): Promise<Record<string, string>> {
  const admin = await adminToken(url)
  const good = (await agent(url, admin)).access_token
  const revoked = await agent(url, admin)
  await revoke(url, admin, "agent", revoked.agent_id)
  const [header, claims] = [tokenPart(good, 0), tokenPart(good, 1)]
  const now = Math.floor(Date.now() / 1000)
  const made = (changes: object) => signedByBroker(broker, header, { ...claims, ...changes })
  const [, signature] = /\.([^.]+)$/.exec(good) ?? []
  const widened = made({ scope: ["read:data:*"] }).replace(/[^.]+$/, signature ?? "")
  const byHmac = signedByBroker(broker, { ...header, alg: "HS256" }, claims).replace(/\.[^.]+$/, "")
  const publicKey = createPublicKey(readFileSync(join(broker.path, "signing.key"))).export({
    type: "spki",
    format: "pem",
  })
  const foreign = { signingKey: generateKeyPairSync("ed25519").privateKey }
  return {
    good,
    delegated: (await delegationChain(url, admin, 1)).tokens[1] ?? "",
    revoked: revoked.access_token,
    bound: (await boundAgent(url, admin)).token,
    "an operator's": admin,
    unsigned: signedByBroker(broker, { ...header, alg: "none" }, claims).replace(/[^.]+$/, ""),
    "signed with the public key as secret": `${byHmac}.${createHmac("sha256", publicKey).update(byHmac).digest("base64url")}`,
    "signed by a foreign key": signedByBroker(foreign, header, claims),
    "of an unknown key": signedByBroker(foreign, { ...header, kid: "A".repeat(43) }, claims),
    widened,
    "of another issuer": made({ iss: "https://other.example" }),
    "for another audience": made({ aud: ["billing"] }),
    expired: made({ iat: now - 300, nbf: now - 300, exp: now - 10 }),
    "not yet valid": made({ nbf: now + 200 }),
  }
}

test("the tokens are all of which the page speaks", async () => {
  expect(Object.keys(tokens)).toHaveLength(14)
  const { body } = await call(front.url, "POST /v1/token/validate", { json: { token: tokens["good"] } })
  expect(body).toMatchObject({ valid: true, claims: { iss: front.url, aud: ["orders"] } })
})

test("the recipe with jose takes the good tokens alone", async () => {
  const [recipe] = await readSnippets(PAGE)
  if (recipe === undefined) throw new Error("the page has no TypeScript")
  const driver = `
for (const [name, token] of Object.entries<string>(JSON.parse(process.env["TOKENS"] ?? "")))
  await verify(token).then(() => console.log(name), () => undefined)
`
  const written = [{ ...recipe, text: recipe.text + driver }]
  await using snippets = await writeSnippets("jwt-libraries", written, { "https://broker.example": front.url })
  expect(await snippets.check()).toBe("")
  expect((await snippets.run(0, { TOKENS: JSON.stringify(tokens) })).sort()).toEqual(ACCEPTED)
})

/** The first Python that has PyJWT with its cryptography: the user's own, or the system's. */
async function pythonWithJwt(): Promise<string | undefined> {
  for (const python of ["python3", "/usr/bin/python3"])
    if ((await shell(`${python} -c 'import jwt, cryptography'`)).code === 0) return python
  console.log("not run: the recipe in Python, because PyJWT is not installed")
  return undefined
}

const python = await pythonWithJwt()

describe.skipIf(python === undefined)("the recipe with PyJWT", () => {
  test("takes the good tokens alone", async () => {
    const [recipe = ""] = blocksOf(PAGE, "python")
    const driver = `
import os
for name, token in json.loads(os.environ["TOKENS"]).items():
    try:
        verify(token)
        print(name)
    except jwt.PyJWTError:
        pass
`
    const program = recipe.replaceAll("https://broker.example", front.url) + driver
    const environment = { TOKENS: JSON.stringify(tokens), PROGRAM: program }
    const { code, stdout, stderr } = await shell(`${python} -c "$PROGRAM"`, environment)
    expect([code, stderr]).toEqual([0, ""])
    expect(stdout.trimEnd().split("\n").sort()).toEqual(ACCEPTED)
  })
})
