import { rmSync } from "node:fs"
import { join } from "node:path"
import { brokerFolder } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { runBroker, startBroker } from "../start-in-process.ts"

// Before: who deleted every checkpoint, in the database and beside the key, could rewrite the trail, and the next start
// said nothing.

test("a trail whose checkpoints are all missing is reported, with the time since when nothing is proven", async () => {
  await using folder = await brokerFolder()
  const first = await startBroker(folder)
  await adminToken(first.url)
  await first.stop()
  const database = new Sqlite(join(folder.path, "data.db"))
  database.exec("delete from checkpoints")
  const since = Number(database.prepare("select timestamp from events where seq = 1").pluck().get())
  database.close()
  // The file beside the key still tells.
  expect(await runBroker(folder.environment)).toMatchObject({ code: 1, stderr: expect.stringContaining("checkpoint") })
  rmSync(join(folder.path, "audit.checkpoint"))
  const { output, stop } = await startBroker(folder)
  await stop()
  const warning = "the audit trail has no checkpoint: nothing since its first event can be proven"
  expect(output().stdout).toContain(`${warning} | since=${new Date(since).toISOString()}`)
})
