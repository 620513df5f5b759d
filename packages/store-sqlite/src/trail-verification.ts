import { once } from "node:events"
import type { VerificationTask, VerificationVerdict } from "./trail-verification-worker.ts"
import { startWorker } from "./worker-thread.ts"

/**
 * Verifies the trail from its first event to the newest checkpoint, the root of that checkpoint, and the tables against
 * the trail, on a separate thread and read-only connection.
 * @returns the first fault, or `undefined`.
 * @throws when the verification did not finish, for example when `signal` aborts it.
 */
export async function verifyTrail(task: VerificationTask, signal: AbortSignal): Promise<string | undefined> {
  const worker = startWorker("trail-verification-worker", task)
  try {
    const exit = once(worker, "exit", { signal }).then(() => {
      throw new Error("the verification stopped before its end")
    })
    exit.catch(() => undefined)
    // An error of the thread rejects the wait for its message.
    const [verdict] = (await Promise.race([once(worker, "message", { signal }), exit])) as [VerificationVerdict]
    return verdict.problem
  } finally {
    await worker.terminate()
  }
}
