#!/usr/bin/env node
import { readFileSync } from "node:fs"
import { type ClientRequest, get, type IncomingMessage } from "node:http"
import { get as getTls } from "node:https"
import { type ConnectionOptions, connect } from "node:tls"
import { ConfigError } from "./config/config.ts"
import { Reading } from "./config/reading.ts"

// Exits 0 when the broker on this machine serves. It reads AA_BIND_ADDRESS, AA_PORT and AA_TLS_MODE from the broker's
// own environment, and needs no secret. With mTLS it uses the client certificate that HEALTHCHECK_CLIENT_CERT and
// HEALTHCHECK_CLIENT_KEY name. Without one it can check the TLS handshake, but not the store.

const TIMEOUT_MS = 4000

const REQUEST = { path: "/v1/health", agent: false, timeout: TIMEOUT_MS } as const

/** An empty variable is unset, as for the broker's own variables. */
const clientCert = process.env["HEALTHCHECK_CLIENT_CERT"] || undefined
const clientKey = process.env["HEALTHCHECK_CLIENT_KEY"] || undefined

const [argument] = process.argv.slice(2)
if (argument === undefined) await run()
else {
  // It may be a secret, so it is not repeated.
  const stream = argument === "--help" ? process.stdout : process.stderr
  stream.write("agentwrit-healthcheck takes no arguments: it reads the environment of the broker on this machine\n")
  process.exitCode = argument === "--help" ? 0 : 2
}

async function run(): Promise<void> {
  try {
    process.stdout.write(`${await check(new Reading(process.env))}\n`)
  } catch (error) {
    process.stderr.write(`agentwrit-healthcheck: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

async function check(reading: Reading): Promise<string> {
  const bindAddress = reading.read("bindAddress")
  const port = reading.read("port")
  const tlsMode = reading.read("tlsMode")
  if (reading.problems.length > 0) throw new ConfigError(reading.problems)
  if (port === 0) throw new Error("AA_PORT is 0, so the port cannot be known: set AA_PORT")
  const host = reachable(bindAddress)
  if (tlsMode === "none") return health((done) => get({ host, port, ...REQUEST }, done))
  // The address is this machine's own, so the connection cannot be intercepted. The certificate's file may be newer
  // than what is served.
  const trust: ConnectionOptions = { rejectUnauthorized: false }
  if (tlsMode === "mtls" && (clientCert === undefined || clientKey === undefined))
    return handshake({ host, port, ...trust })
  const client =
    tlsMode === "mtls" && clientCert !== undefined && clientKey !== undefined
      ? { cert: readFileSync(clientCert), key: readFileSync(clientKey) }
      : {}
  return health((done) => getTls({ host, port, ...REQUEST, ...trust, ...client }, done))
}

/** The address at which a server that listens on `bindAddress` can be reached. */
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
    request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
    request.on("error", reject)
  })
}

function handshake(options: ConnectionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, timeout: TIMEOUT_MS }, () => {
      resolve("shakes hands")
      socket.destroy()
    })
    socket.on("timeout", () => socket.destroy(new Error(`no handshake within ${TIMEOUT_MS} ms`)))
    socket.on("error", reject)
  })
}
