import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { judgeHistory } from "@agentwrit/testing/model/history"
import { settableClock } from "@agentwrit/testing/settable-clock"
import type { Scenario } from "./stage.ts"

/** A long random history with restarts: broker, offline verifier and a model of CONTRACT 2 judge every token. */
export const model: Scenario = {
  name: "model",
  async run(stage) {
    const seed = stage.seed()
    const { steps, seconds } = stage.profile.model
    const end = performance.now() + seconds * 1000
    const folder = await mkdtemp(join(tmpdir(), "agentwrit-model-"))
    const clock = settableClock()
    try {
      const report = await judgeHistory({
        seed,
        steps,
        clock,
        openStore: () => SqliteStore.open({ path: join(folder, "data.db"), clock }),
        isOver: () => stage.isOver || (!stage.isReplay && performance.now() > end),
      })
      stage.check([], seed)
      stage.notes.push(`${report.steps} steps, ${report.tokens} tokens, ${report.counts["restart"] ?? 0} restarts`)
    } catch (error) {
      stage.check([(error as Error).message], seed)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}
