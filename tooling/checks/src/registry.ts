import { execFile } from "node:child_process"
import { promisify } from "node:util"

const run = promisify(execFile)

/** Whether npm's registry answers. Without it, what installs packages cannot run. */
export function answersRegistry(): Promise<boolean> {
  const words = ["view", "valibot", "version", "--fetch-retries=0", "--fetch-timeout=10000"]
  return run("npm", words).then(
    () => true,
    () => false,
  )
}
