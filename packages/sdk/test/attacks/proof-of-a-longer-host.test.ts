import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { boundAgent, handmadeProof } from "@agentwrit/testing/bound-agent"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { testVerifier } from "@agentwrit/testing/verifying"
import express from "express"
import fastify from "fastify"
import { expect, onTestFinished, test } from "vitest"
import * as expressGuard from "../../src/express.ts"
import * as fastifyGuard from "../../src/fastify.ts"
import type { Verifier } from "../../src/verify/index.ts"

// Before: a guard put a request target in absolute form behind its public URL. "https://api.example.co" and
// "m://host/customers" gave a URL of the host api.example.com: its owner could use proofs that it had received.

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

const publicUrl = "https://api.example.co"

const APIS: readonly (readonly [string, (verifier: Verifier) => Promise<string>])[] = [
  [
    "express",
    async (verifier) => {
      const app = express().get("/customers", expressGuard.guard(verifier, { publicUrl }), (_, res) => {
        res.send("read")
      })
      const server = app.listen(0, "127.0.0.1")
      onTestFinished(() => {
        server.close()
      })
      await once(server, "listening")
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
  ],
  [
    "fastify",
    async (verifier) => {
      const app = fastify()
      app.get("/customers", { onRequest: fastifyGuard.guard(verifier, { publicUrl }) }, async () => "read")
      onTestFinished(() => app.close())
      return app.listen({ port: 0, host: "127.0.0.1" })
    },
  ],
]

test.each(APIS)("a proof for api.example.com is not one for api.example.co: %s", async (_, start) => {
  const api = await start(testVerifier({ brokerUrl: url }))
  const { keys, token } = await boundAgent(url, admin)
  const status = async (target: string, proven: string) => {
    const dpop = await handmadeProof(keys, { method: "GET", url: proven, token })
    const head = `Host: x\r\nConnection: close\r\nAuthorization: DPoP ${token}\r\nDPoP: ${dpop}`
    return (await rawHttp(api, `GET ${target} HTTP/1.1\r\n${head}\r\n\r\n`)).slice(9, 12)
  }
  expect(await status("/customers", `${publicUrl}/customers`)).toBe("200")
  expect(await status("m://host/customers", "https://api.example.com://host/customers")).not.toBe("200")
})
