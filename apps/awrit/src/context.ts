import {
  type AdminCallOptions,
  type AdminOptions,
  type AdminSession,
  AgentWritAdmin,
  type Fetch,
} from "@agentwrit/sdk/admin"
import { tlsFetch } from "./broker-fetch.ts"
import { CommandError, NoSecretError } from "./errors.ts"
import type { GlobalFlags } from "./global-flags.ts"
import type { Io } from "./io.ts"
import type { Output } from "./output.ts"
import { SessionFile } from "./session-file.ts"
import { Settings } from "./settings.ts"

/** What a command can use. */
export class Context {
  readonly flags: GlobalFlags
  readonly io: Io
  readonly out: Output
  readonly settings: Settings

  constructor({ flags, io, out }: Pick<Context, "flags" | "io" | "out">) {
    this.flags = flags
    this.io = io
    this.out = out
    this.settings = new Settings(flags, io.env)
  }

  /**
   * A client for the broker. It uses the session that `awrit login` kept, and reads the admin secret at the first call
   * that needs a sign-in.
   */
  async admin(options: Partial<AdminOptions> = {}): Promise<AgentWritAdmin> {
    const { settings } = this
    const file = new SessionFile(settings.brokerUrl())
    let hadSession = false
    return new AgentWritAdmin({
      brokerUrl: settings.brokerUrl(),
      adminSecret: () => this.#secretFor(hadSession),
      dangerouslyAllowHttp: settings.allowsHttp(),
      fetch: await this.fetch(),
      sessions: {
        load: () => {
          const session = file.read()
          hadSession = session !== undefined
          return session
        },
        save: (session) => {
          if (hadSession) this.#keep(file, session)
        },
      },
      ...options,
    })
  }

  #secretFor(hadSession: boolean): string {
    try {
      return this.settings.adminSecret()
    } catch (error) {
      if (!hadSession || !(error instanceof NoSecretError)) throw error
      throw new NoSecretError(`the session at ${this.settings.brokerUrl()} has ended: run awrit login`)
    }
  }

  /** A command that could do its work does not fail because its session could not be kept. */
  #keep(file: SessionFile, session: AdminSession): void {
    try {
      file.write(session)
    } catch (error) {
      this.out.warn(`awrit: ${(error as Error).message}`, "yellow")
    }
  }

  /** The global `fetch`, or one with the given certificates. */
  async fetch(): Promise<Fetch> {
    const tls = this.settings.tls()
    return Object.keys(tls).length === 0 ? globalThis.fetch : tlsFetch(tls)
  }

  /** Options of the call whose answer is the command's result: programs get the answer unchanged. */
  get answer(): AdminCallOptions {
    return { signal: this.out.gone, onAnswer: this.out.isForPrograms ? this.out.answered : undefined }
  }

  /** Whether a person can answer questions: stdin and stderr are a terminal. */
  get isInteractive(): boolean {
    return this.io.stdin.isTTY === true && this.out.isAttended
  }

  /**
   * Asks for confirmation. Does not ask with `--yes` or without a terminal.
   * @param describe makes the question; called only if it is asked.
   * @throws CommandError if the answer is not yes.
   */
  async confirm(describe: () => Promise<string>): Promise<void> {
    if (this.flags.yes || !this.isInteractive) return
    const { confirm } = await import("@clack/prompts")
    const message = await describe()
    const answer = await confirm({ message, initialValue: false, output: process.stderr, withGuide: false })
    if (answer !== true) throw new CommandError("nothing was done")
  }

  /** As {@link Context.confirm}, for what ends everything: the word must be typed. */
  async confirmWord(consequence: string, word: string): Promise<void> {
    if (this.flags.yes || !this.isInteractive) return
    const answer = await this.ask(`${consequence} Type ${word} to go on.`, "")
    if (answer?.trim() !== word) throw new CommandError("nothing was done")
  }

  /** Asks for a text. @returns `undefined` without a terminal. */
  async ask(message: string, placeholder: string): Promise<string | undefined> {
    if (!this.isInteractive) return undefined
    const { isCancel, text } = await import("@clack/prompts")
    const answer = await text({ message, placeholder, output: process.stderr, withGuide: false })
    if (isCancel(answer)) throw new CommandError("nothing was done")
    return answer
  }

  /** Asks for a secret, which the terminal does not show. @returns `undefined` without a terminal. */
  async askSecret(message: string): Promise<string | undefined> {
    if (!this.isInteractive) return undefined
    const { isCancel, password } = await import("@clack/prompts")
    const answer = await password({ message, output: process.stderr, withGuide: false })
    if (isCancel(answer)) throw new CommandError("nothing was done")
    return answer
  }
}
