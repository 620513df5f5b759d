import { type ChildProcess, spawn } from "node:child_process"
import { constants } from "node:os"
import { codeOf } from "@agentwrit/config-file"
import type { Environment } from "./io.ts"

/** The signals that are passed on. A terminal's stop and continue reach the command without awrit. */
const SIGNALS = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const

/** Exit codes of a command that cannot be run, as a shell has them. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** How a command ended. */
export interface CommandEnd {
  /** 128 and its number if a signal ended it. */
  readonly exitCode: number
  /** Why it could not be run, such as `ENOENT`. */
  readonly fault?: string
}

/** A command that shares this process's terminal. Until the end of the scope, signals to awrit are passed on to it. */
export class ChildCommand implements Disposable {
  readonly #isOnTerminal: boolean
  #child: ChildProcess | undefined
  /** A signal that came before the command was started. */
  #early: NodeJS.Signals | undefined

  constructor(isOnTerminal: boolean) {
    this.#isOnTerminal = isOnTerminal
    for (const signal of SIGNALS) process.on(signal, this.#pass)
  }

  readonly #pass = (signal: NodeJS.Signals): void => {
    if (this.#child === undefined) this.#early ??= signal
    // A terminal sends these to the command itself. Twice could mean something else to it.
    else if (!this.#isOnTerminal || (signal !== "SIGINT" && signal !== "SIGQUIT")) this.#child.kill(signal)
  }

  /** Runs the command to its end. */
  async run([program = "", ...words]: readonly string[], env: Environment): Promise<CommandEnd> {
    if (this.#early !== undefined) return { exitCode: signalled(this.#early) }
    const child = spawn(program, words, { env: { ...env }, stdio: "inherit" })
    this.#child = child
    return new Promise((resolve) => {
      // Each signal that cannot be sent is an error of its own.
      child.on("error", (error) => {
        const fault = codeOf(error)
        // Without a process id it was not started. Otherwise a signal could not be sent, and it runs on.
        if (child.pid === undefined) resolve({ exitCode: fault === "ENOENT" ? NOT_FOUND : NOT_EXECUTABLE, fault })
      })
      child.once("exit", (code, signal) => resolve({ exitCode: signal === null ? (code ?? 1) : signalled(signal) }))
    })
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#pass)
  }
}

const signalled = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]
