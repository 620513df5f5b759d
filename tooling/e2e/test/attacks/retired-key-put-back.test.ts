import { join } from "node:path"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"

// Before: an older, sealed row of the key ring brought a retired key back at the next start, with all that it signed,
// until the verification in the background found it, and after it too.

test("a key that was retired does not come back with an older key ring", async () => {
  await using folder = await brokerFolder()
  const first = await startBroker(folder)
  const held = await agent(first.url, await adminToken(first.url))
  const bearer = await adminToken(first.url)
  const { keys } = (await call(first.url, "GET /v1/admin/keys", { bearer })).body
  await call(first.url, "POST /v1/admin/keys/rotate", { bearer, json: { signs_in: 0, force: true } })
  const database = new Sqlite(join(folder.path, "data.db"))
  database.exec("create temp table older as select * from key_ring")
  await call(first.url, `DELETE /v1/admin/keys/${keys[0].kid}`, { bearer: await adminToken(first.url) })
  const isValid = async (url: string) =>
    (await call(url, "POST /v1/token/validate", { json: { token: held.access_token } })).body.valid
  expect(await isValid(first.url)).toBe(false)
  await first.end("SIGTERM")
  database.exec("delete from key_ring; insert into key_ring select * from older")
  database.close()
  const again = await startBroker(folder).catch(() => undefined)
  expect(again === undefined ? false : await isValid(again.url)).toBe(false)
})
