import { brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { tryAbuse } from "../src/raw-sockets.ts"

const LONG = { timeout: 90_000 }

test("sockets sees a broker that waits for slow headers", LONG, async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault("waits for slow headers"))
  const half = { name: "half a head", pieces: () => ["GET / HTTP/1.1\r\n"], statuses: [408] }
  expect((await tryAbuse(broker, half, 8000)).join("\n")).toMatch(/still open after 8000 ms/)
  await using sound = await startBroker(folder, { AA_DB_PATH: `${folder.path}/other.db` })
  expect(await tryAbuse(sound, half, 8000)).toEqual([])
})
