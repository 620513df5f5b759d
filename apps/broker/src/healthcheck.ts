#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { type ClientRequest, get, type IncomingMessage } from "node:http"
import { get as getTls } from "node:https"
import { type ConnectionOptions, connect } from "node:tls"
import { type Config, loadConfig } from "./config/config.ts"

// Tells a supervisor whether the broker on this machine serves: exit 0 when it does. It needs no other program, and finds address,
// port and TLS mode where the broker finds them. With mTLS it asks as the client whose certificate HEALTHCHECK_CLIENT_CERT and
// HEALTHCHECK_CLIENT_KEY name; without one it can tell that the broker shakes hands, but not whether its store works.

/** Milliseconds. */
const PATIENCE = 4000

const REQUEST = { path: "/v1/health", agent: false, timeout: PATIENCE } as const

/** As with the broker's own variables, an empty one is unset. */
const clientCert = process.env["HEALTHCHECK_CLIENT_CERT"] || undefined
const clientKey = process.env["HEALTHCHECK_CLIENT_KEY"] || undefined

try {
  const { config } = loadConfig(process.env)
  process.stdout.write(`${await check(config)}\n`)
} catch (error) {
  process.stderr.write(`agentwrit-healthcheck: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function check({ bindAddress, port, tls }: Config): Promise<string> {
  if (port === 0) throw new Error("AA_PORT is 0, so the port cannot be known: set AA_PORT")
  const host = reachable(bindAddress)
  if (tls.mode === "none") return health((done) => get({ host, port, ...REQUEST }, done))
  // The broker's own certificate is all that is trusted, whoever issued it and whichever name it carries.
  const trust: ConnectionOptions = {
    ca: readFileSync(tls.cert),
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
  }
  if (tls.mode === "mtls" && (clientCert === undefined || clientKey === undefined))
    return handshake({ host, port, ...trust })
  const client =
    tls.mode === "mtls" && clientCert !== undefined && clientKey !== undefined
      ? { cert: readFileSync(clientCert), key: readFileSync(clientKey) }
      : {}
  return health((done) => getTls({ host, port, ...REQUEST, ...trust, ...client }, done))
}

/** An address to reach what listens on this one. */
function reachable(bindAddress: string): string {
  if (bindAddress === "0.0.0.0") return "127.0.0.1"
  return bindAddress === "::" ? "::1" : bindAddress
}

function health(ask: (done: (response: IncomingMessage) => void) => ClientRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = ask((response) => {
      response.resume()
      if (response.statusCode === 200) resolve("serving")
      else reject(new Error(`the broker answers ${response.statusCode}: its store cannot commit, its log says why`))
    })
    request.on("timeout", () => request.destroy(new Error(`no answer within ${PATIENCE} ms`)))
    request.on("error", reject)
  })
}

function handshake(options: ConnectionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, timeout: PATIENCE }, () => {
      resolve("shakes hands")
      socket.destroy()
    })
    socket.on("timeout", () => socket.destroy(new Error(`no handshake within ${PATIENCE} ms`)))
    socket.on("error", reject)
  })
}
