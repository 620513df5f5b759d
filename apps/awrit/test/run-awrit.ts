import { Readable, Writable } from "node:stream"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { vi } from "vitest"
import { run } from "../src/run.ts"

// No test reads the config file of the user who runs it.
vi.stubEnv("HOME", "/nonexistent")

/** What a command reads. */
export interface AwritOptions {
  readonly env?: Readonly<Record<string, string>>
  /** The content of stdin. Default: empty. */
  readonly input?: string
}

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs in this process, without a terminal. */
export interface Running {
  readonly ended: Promise<Ended>
  stdout(): string
  stderr(): string
  /** Closes the reading end of stdout. */
  closeReader(): void
}

/** Starts a command. */
export function startAwrit(words: readonly string[], { env = {}, input = "" }: AwritOptions = {}): Running {
  const texts = { stdout: "", stderr: "" }
  const streamTo = (name: "stdout" | "stderr"): Writable =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[name] += String(chunk)
        done()
      },
    })
  const [stdout, stderr] = [streamTo("stdout"), streamTo("stderr")]
  return {
    ended: run(words, { stdin: Readable.from([Buffer.from(input)]), stdout, stderr, env }).then((code) => ({
      code,
      ...texts,
    })),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    closeReader: () => stdout.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
  }
}

/** Runs a command to its end. */
export const awrit = (words: readonly string[], options?: AwritOptions): Promise<Ended> =>
  startAwrit(words, options).ended

/** The operator's environment for a broker. */
export const operator = (url: string): Record<string, string> => ({
  AACTL_BROKER_URL: url,
  AACTL_ADMIN_SECRET: ADMIN_SECRET,
})

/** Runs a command that must succeed. @returns its stdout. */
export async function succeeds(words: readonly string[], options: AwritOptions): Promise<string> {
  const { code, stderr, stdout } = await awrit(words, options)
  if (code !== 0) throw new Error(`awrit ${words.join(" ")} exited with ${code}: ${stderr}`)
  return stdout
}
