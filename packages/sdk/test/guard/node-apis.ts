import { once } from "node:events"
import type { AddressInfo } from "node:net"
import express from "express"
import fastify from "fastify"
import { onTestFinished } from "vitest"
import * as expressGuard from "../../src/express.ts"
import * as fastifyGuard from "../../src/fastify.ts"
import type { Verifier } from "../../src/verify/index.ts"

/** Options that the guards of both frameworks take. */
export interface NodeApiOptions {
  readonly publicUrl?: string
}

/** Starts an API with a guarded `/customers`, and returns its URL. It ends with the test. */
export type StartNodeApi = (verifier: Verifier, options?: NodeApiOptions) => Promise<string>

/** One such API on each framework that reads the request of Node. */
export const NODE_APIS: readonly (readonly [framework: string, start: StartNodeApi])[] = [
  [
    "express",
    async (verifier, options) => {
      const app = express().get("/customers", expressGuard.guard(verifier, options), (_, res) => {
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
    async (verifier, options) => {
      const app = fastify()
      app.get("/customers", { onRequest: fastifyGuard.guard(verifier, options) }, async () => "read")
      onTestFinished(() => app.close())
      return app.listen({ port: 0, host: "127.0.0.1" })
    },
  ],
]
