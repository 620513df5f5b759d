import { createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto"
import type { AddressInfo } from "node:net"
import { serve } from "@hono/node-server"
import Sqlite from "better-sqlite3"
import { Hono } from "hono"
import type { FloorRoute, FloorSettings, Work } from "./floor.ts"

/** The size of an ordinary token. */
const MESSAGE = randomBytes(600)

process.once("message", ({ routes, databasePath }: FloorSettings) => {
  const app = new Hono()
  const work = workers(databasePath)
  for (const { method, path, answer, work: names } of routes) {
    const does = names.map((name) => work[name]())
    app.on(method, path, async (c) => {
      if (hasBody(method, c.req.header("content-length"))) await c.req.json()
      for (const work of does) work()
      return new Response(answer.body, { status: answer.status, headers: answer.headers })
    })
  }
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }: AddressInfo) =>
    process.send?.(port),
  )
  process.on("SIGTERM", () => {
    server.close()
    process.exit()
  })
})

const hasBody = (method: FloorRoute["method"], length: string | undefined): boolean =>
  method === "POST" && length !== undefined

function workers(databasePath: string): Record<Work, () => () => void> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  const der = publicKey.export({ format: "der", type: "spki" })
  const signature = sign(null, MESSAGE, privateKey)
  return {
    import: () => () => createPublicKey({ key: der, format: "der", type: "spki" }),
    verify: () => () => {
      if (!verify(null, MESSAGE, publicKey, signature)) throw new Error("a genuine signature does not verify")
    },
    sign: () => () => sign(null, MESSAGE, privateKey),
    commit() {
      const database = new Sqlite(databasePath)
      database.pragma("journal_mode = WAL")
      database.exec("CREATE TABLE rows (seq INTEGER PRIMARY KEY, bytes BLOB) STRICT")
      database.pragma("synchronous = FULL")
      const insert = database.prepare("INSERT INTO rows (bytes) VALUES (?)")
      return () => insert.run(MESSAGE)
    },
  }
}
