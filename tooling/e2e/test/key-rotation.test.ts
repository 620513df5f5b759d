import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { type BrokerFolder, type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { createRemoteJWKSet, jwtVerify } from "jose"
import { afterAll, beforeAll, expect, test } from "vitest"
import { shell } from "../src/shell.ts"

// Programs that others wrote follow the JWK set alone, within their own cache rules.

let folder: BrokerFolder
let broker: BrokerProcess
let admin: string
beforeAll(async () => {
  folder = await brokerFolder()
  broker = await startBroker(folder, { AA_ADMIN_TOKEN_TTL: "3600", AA_AUDIENCE: "crm" })
  admin = await adminToken(broker.url)
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Rotates ten times; after each rotation, the tokens of all keys so far must be accepted. */
async function acceptedThroughTenRotations(verify: (token: string) => Promise<unknown>): Promise<void> {
  const tokens: string[] = []
  for (let rotation = 0; rotation < 10; rotation++) {
    tokens.push((await agent(broker.url, admin)).access_token)
    const json = { signs_in: 0, force: true }
    expect((await call(broker.url, "POST /v1/admin/keys/rotate", { bearer: admin, json })).status).toBe(200)
    tokens.push((await agent(broker.url, admin)).access_token)
    for (const token of tokens) await verify(token)
  }
  const { keys } = (await call(broker.url, "GET /.well-known/jwks.json")).body
  for (const { kid } of keys.slice(1))
    await call(broker.url, `DELETE /v1/admin/keys/${kid}`, { bearer: await adminToken(broker.url) })
  admin = await adminToken(broker.url)
}

test("jose accepts every token while the keys rotate", async () => {
  // It refetches for an unknown kid unless it did so within the cooldown.
  const options = { cooldownDuration: 0, cacheMaxAge: 300_000 }
  const keys = createRemoteJWKSet(new URL(`${broker.url}/.well-known/jwks.json`), options)
  await acceptedThroughTenRotations((token) => jwtVerify(token, keys, { audience: "crm", algorithms: ["EdDSA"] }))
})

const PYJWT = `
import sys, jwt
try:
    # It refetches for an unknown kid unless it did so within the cooldown.
    client = jwt.PyJWKClient(sys.argv[1], lifespan=300, cooldown_duration=0)
except TypeError:
    # A version without a cooldown.
    client = jwt.PyJWKClient(sys.argv[1], lifespan=300)
for token in sys.stdin:
    token = token.strip()
    try:
        jwt.decode(token, client.get_signing_key_from_jwt(token).key, algorithms=["EdDSA"], audience="crm")
        print("accepted", flush=True)
    except Exception as error:
        print(repr(error), flush=True)
`

test("PyJWT accepts every token while the keys rotate", async ({ skip }) => {
  const python = process.env["PYTHON"] ?? "python3"
  if ((await shell(`${python} -c 'import jwt, cryptography'`)).code !== 0) {
    console.log("not run: PyJWT while the keys rotate, because it is not installed")
    skip()
  }
  const child = spawn(python, ["-c", PYJWT, `${broker.url}/.well-known/jwks.json`], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  try {
    await acceptedThroughTenRotations(async (token) => {
      child.stdin.write(`${token}\n`)
      expect((await lines.next()).value).toBe("accepted")
    })
  } finally {
    child.kill()
  }
})
