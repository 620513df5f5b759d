import { spawn } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
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

/** Gives each token to a program of the set's URL, which answers a line. */
async function acceptedByProgram([program = "", ...words]: readonly string[]): Promise<void> {
  const child = spawn(program, [...words, `${broker.url}/.well-known/jwks.json`], {
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
}

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
  await acceptedByProgram([python, "-c", PYJWT])
})

const GO_OIDC = `
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
)

func main() {
	ctx := context.Background()
	config := &oidc.Config{ClientID: "crm", SkipIssuerCheck: true, SupportedSigningAlgs: []string{"EdDSA"}}
	verifier := oidc.NewVerifier("", oidc.NewRemoteKeySet(ctx, os.Args[1]), config)
	tokens := bufio.NewScanner(os.Stdin)
	for tokens.Scan() {
		if _, err := verifier.Verify(ctx, tokens.Text()); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("accepted")
		}
	}
}
`

test("go-oidc accepts every token while the keys rotate", { timeout: 200_000 }, async ({ skip }) => {
  const program = join(folder.path, "go-oidc")
  const source = join(folder.path, "go")
  mkdirSync(source)
  writeFileSync(join(source, "main.go"), GO_OIDC)
  // Only from the cache of modules: a test fetches nothing.
  const build = `cd '${source}' && export GOFLAGS=-mod=mod GOPROXY=off GOSUMDB=off && go mod init rotation &&
    go get github.com/coreos/go-oidc/v3@v3.21.0 && go build -o '${program}' .`
  if ((await shell(build, { HOME: homedir() })).code !== 0) {
    console.log(
      "not run: go-oidc while the keys rotate, because Go or github.com/coreos/go-oidc/v3@v3.21.0 is not there",
    )
    skip()
  }
  await acceptedByProgram([program])
})
