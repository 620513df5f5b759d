import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Figure } from "../figure.ts"
import { nextMessage } from "../next-message.ts"
import { sampleOf } from "../statistics.ts"
import type { StoreJob, StoreOutcome } from "../store/store-process.ts"

const PROCESS = fileURLToPath(new URL("../store/store-process.ts", import.meta.url))

export const store: Figure = {
  name: "store",
  async measure({ profile, folder }) {
    const job: StoreJob = { folder: await folder(), ...profile }
    const child = fork(PROCESS)
    child.send(job)
    const runs = (await nextMessage<readonly StoreOutcome[]>(child)).slice(profile.warmUps)
    const cpu = { measured: sampleOf(runs.map((run) => run.cpu)).median }
    return [
      {
        what: "events of the store alone, 64 clients",
        unit: "a second",
        measured: sampleOf(runs.map(({ rate }) => rate)),
        reach: [{ atLeast: 20_000 }],
        cpu,
      },
      {
        what: "the same, p99 of a commit",
        unit: "ms",
        measured: sampleOf(runs.map(({ p99 }) => p99)),
        reach: [{ atMost: 15 }],
      },
    ]
  },
}
