import { settableClock } from "@agentwrit/testing/settable-clock"
import { storeSuite } from "@agentwrit/testing/store-suite"
import { describe, test } from "vitest"
import { PostgresStore } from "../src/index.ts"
import { serverUrl, temporarySchema } from "./temporary-schema.ts"

describe.skipIf(serverUrl === "")("PostgresStore keeps every promise of a Store", () => {
  for (const { name, run } of storeSuite)
    test(name, async () => {
      await using schema = await temporarySchema()
      const clock = settableClock()
      await run({ clock, open: () => PostgresStore.open({ url: schema.url, version: "2.0.0", clock }) })
    })
})
