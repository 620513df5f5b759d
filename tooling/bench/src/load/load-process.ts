import type { LoadJob } from "./job.ts"
import { runLoad } from "./run.ts"

// Runs as a process of its own, so that a client shares no event loop with what measures it.
process.on("message", (job: LoadJob) => {
  runLoad(job).then(
    (load) => process.send?.({ load }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
