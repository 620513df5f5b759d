import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as expressGuard from "@agentwrit/sdk/express"
import * as fastifyGuard from "@agentwrit/sdk/fastify"
import * as honoGuard from "@agentwrit/sdk/hono"
import { createVerifier, type Verifier } from "@agentwrit/sdk/verify"
import { serve } from "@hono/node-server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"

/** An API of another team, whose guard follows a broker. */
export interface GuardedApi extends AsyncDisposable {
  readonly framework: string
  /** Whether it accepts a token; else why not. */
  ask(token: string): Promise<"accepted" | string>
}

interface Served {
  readonly port: number
  close(): unknown
}

const serving: Readonly<Record<string, (verifier: Verifier) => Promise<Served>>> = {
  async express(verifier) {
    const app = express()
    app.get("/", expressGuard.guard(verifier), (_request, response) => void response.send("ok"))
    const server = createServer(app).listen(0, "127.0.0.1")
    await once(server, "listening")
    return { port: (server.address() as AddressInfo).port, close: () => server.close() }
  },
  async fastify(verifier) {
    const app = fastify()
    app.get("/", { preHandler: fastifyGuard.guard(verifier) }, async () => "ok")
    await app.listen({ port: 0, host: "127.0.0.1" })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
  async hono(verifier) {
    const app = new Hono()
    app.get("/", honoGuard.guard(verifier), (c) => c.text("ok"))
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" })
    await once(server, "listening")
    return { port: (server.address() as AddressInfo).port, close: () => server.close() }
  },
}

/** Starts one API in each framework, each with a verifier of its own. */
export function startGuardedApis(brokerUrl: string): Promise<GuardedApi[]> {
  return Promise.all(
    Object.entries(serving).map(async ([framework, serveWith]) => {
      const verifier = createVerifier({ brokerUrl })
      await verifier.ready()
      const { port, close } = await serveWith(verifier)
      return {
        framework,
        async ask(token: string) {
          const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } })
          const text = await answer.text()
          return answer.ok ? "accepted" : `${answer.status} ${text}`
        },
        async [Symbol.asyncDispose]() {
          await close()
          await verifier.close()
        },
      }
    }),
  )
}
