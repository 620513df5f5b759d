import { settableClock } from "@agentwrit/testing/settable-clock"
import { storeSuite } from "@agentwrit/testing/store-suite"
import { describe, test } from "vitest"
import { SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

describe("SqliteStore keeps every promise of a Store", () => {
  for (const { name, run } of storeSuite)
    test(name, async () => {
      await using folder = await temporaryFolder()
      const clock = settableClock()
      await run({ clock, open: () => SqliteStore.open({ path: folder.file("data.db"), clock }) })
    })
})
