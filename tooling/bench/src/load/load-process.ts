import { once } from "node:events"
import type { LoadJob } from "./job.ts"
import { runLoad } from "./run.ts"

// Runs as a process of its own, so that a client shares no event loop with what measures it.
process.on("message", (job: LoadJob | "begin") => {
  if (job === "begin") return
  runLoad(job, prepared).then(
    (load) => process.send?.({ load }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})

/** Says that the load may begin, and waits until it shall. */
async function prepared(): Promise<void> {
  process.send?.("prepared")
  await once(process, "message")
}
