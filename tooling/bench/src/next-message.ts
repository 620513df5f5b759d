import type { ChildProcess } from "node:child_process"
import { once } from "node:events"

/** The next message of a forked process. @throws Error when the process ends instead. */
export async function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  const heard = new AbortController()
  try {
    return await Promise.race([
      once(child, "message", heard).then(([message]) => message as Message),
      once(child, "exit", heard).then(([code]) => {
        throw new Error(`${child.spawnargs.join(" ")} ended with ${code}`)
      }),
    ])
  } finally {
    heard.abort()
  }
}
