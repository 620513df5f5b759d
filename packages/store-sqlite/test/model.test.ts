import { judgeHistory } from "@agentwrit/testing/model/history"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { test } from "vitest"
import { SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

test("a broker on SQLite agrees with a model of CONTRACT 2 through a random history with restarts", async () => {
  await using folder = await temporaryFolder()
  const clock = settableClock()
  const seed = Number(process.env["MODEL_SEED"] ?? 1)
  await judgeHistory({
    seed,
    steps: 150,
    clock,
    openStore: () => SqliteStore.open({ path: folder.file("data.db"), clock }),
  })
})
