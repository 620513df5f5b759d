import { styleText } from "node:util"
import { CommandError, ReaderGone } from "./errors.ts"
import type { Io, OutputStream } from "./io.ts"
import { type Column, recordLines, tableLines } from "./table.ts"

/** How a text stands out where there is colour. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red"

/**
 * What a command says: results on stdout, messages for people on stderr. With `--json`, stdout has the API's answers as they came
 * and nothing else, so tables, records and lines for people are left out.
 */
export class Output {
  readonly json: boolean
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream
  readonly #noColor: boolean
  readonly #gone = new AbortController()

  constructor({ stdout, stderr, env }: Io, json: boolean) {
    this.json = json
    this.#stdout = stdout
    this.#stderr = stderr
    this.#noColor = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb"
    stdout.on("error", (error: NodeJS.ErrnoException) => {
      const isGone = error.code === "EPIPE"
      this.#gone.abort(
        isGone ? new ReaderGone() : new CommandError(`the result could not be written: ${error.message}`),
      )
    })
    // Who does not read messages does not miss them.
    stderr.on("error", () => undefined)
  }

  /** Aborts when nobody reads stdout any more, or it cannot be written. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** Columns of the terminal that stdout is; `undefined` for a file or a pipe. */
  get width(): number | undefined {
    return this.#stdout.isTTY === true ? this.#stdout.columns : undefined
  }

  /** Whether messages are read on a terminal. */
  get isAttended(): boolean {
    return this.#stderr.isTTY === true
  }

  /** The text, styled where stdout is a terminal with colour. */
  readonly styled = (style: Style, text: string): string => this.#style(this.#stdout, style, text)

  /**
   * A line of the result, in every mode. Waits while the reader is slow. One that has gone misses it without a word: what the
   * command found out still decides its exit code.
   */
  async line(text: string): Promise<void> {
    if (!this.#isOpen()) return
    if (!this.#stdout.write(`${text}\n`)) await new Promise<void>((resolve) => this.#whenWritten("drain", resolve))
    this.#isOpen()
  }

  /** Lines for people; left out with `--json`. */
  async lines(texts: readonly string[]): Promise<void> {
    if (!this.json && texts.length > 0) await this.line(texts.join("\n"))
  }

  readonly #bold = (text: string): string => this.styled("bold", text)

  /** A table for people. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<void> {
    return this.lines(rows.length === 0 ? [] : tableLines(rows, columns, this.width, this.#bold))
  }

  /** One thing's parts, for people. */
  record(parts: readonly (readonly [name: string, value: string])[]): Promise<void> {
    return this.lines(recordLines(parts, this.width, this.#bold))
  }

  /** The API's answer as it came; whether it could be written {@link Output.flush} says. */
  readonly answered = (json: string): void => {
    this.#stdout.write(`${json.trimEnd()}\n`)
  }

  /** A document of our own, where the API answers none; only with `--json`. */
  async document(value: unknown): Promise<void> {
    if (this.json) await this.line(JSON.stringify(value))
  }

  /** What people like to know beside a result; left out with `--json`, whose documents hold it. */
  note(text: string, style?: Style): void {
    if (!this.json) this.warn(text, style)
  }

  /** What whoever runs a command should know, in every mode: what failed, or was found wrong. */
  warn(text: string, style?: Style): void {
    this.#stderr.write(`${style === undefined ? text : this.#style(this.#stderr, style, text)}\n`)
  }

  /** Replaces the line that the terminal of messages ends with; nothing where they are read elsewhere. */
  readonly status = (text: string): void => {
    if (this.isAttended) this.#stderr.write(`\r\u001b[K${text}`)
  }

  /** Columns of the terminal of messages. */
  get statusWidth(): number {
    return this.#stderr.columns ?? 80
  }

  /** Waits until all is written. @throws CommandError when the result could not be. */
  async flush(): Promise<void> {
    if (!this.#isOpen()) return
    await new Promise<void>((resolve) => {
      this.gone.addEventListener("abort", () => resolve(), { once: true })
      // A failed write is told of after its callback.
      this.#stdout.write("", () => setImmediate(resolve))
    })
    this.#isOpen()
  }

  /** @throws CommandError when stdout cannot be written; a reader that has gone is no fault. */
  #isOpen(): boolean {
    if (this.gone.aborted && !(this.gone.reason instanceof ReaderGone)) throw this.gone.reason
    return !this.gone.aborted
  }

  #whenWritten(event: "drain", resolve: () => void): void {
    const done = (): void => {
      this.#stdout.off(event, done)
      this.gone.removeEventListener("abort", done)
      resolve()
    }
    this.#stdout.once(event, done)
    this.gone.addEventListener("abort", done)
  }

  #style(stream: OutputStream, style: Style, text: string): string {
    return stream.isTTY === true && !this.#noColor ? styleText(style, text, { validateStream: false }) : text
  }
}
