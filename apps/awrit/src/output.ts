import { once } from "node:events"
import { styleText } from "node:util"
import { CommandError, ReaderGone } from "./errors.ts"
import type { Io, OutputStream } from "./io.ts"
import { type Column, recordLines, tableLines } from "./table.ts"
import { visibleJson } from "./text.ts"

/** A text style on a terminal with colour. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red"

/**
 * Writes results to stdout and messages to stderr. With `--json`, stdout gets only JSON: tables, records and lines for
 * people are not printed.
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
    // A closed stderr must not stop the command.
    stderr.on("error", () => undefined)
  }

  /** Aborts when the reader of stdout closed the pipe, or a write failed. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** The terminal width in columns; `undefined` if stdout is not a terminal. */
  get width(): number | undefined {
    return this.#stdout.isTTY === true ? this.#stdout.columns : undefined
  }

  /** Whether stderr is a terminal. */
  get isAttended(): boolean {
    return this.#stderr.isTTY === true
  }

  /** Styles a text if stdout is a terminal with colour. */
  readonly styled = (style: Style, text: string): string => this.#style(this.#stdout, style, text)

  /**
   * Writes a line of the result, in every mode. Waits for a slow reader. If the reader closed the pipe, it does
   * nothing: the command's result still decides the exit code.
   */
  async line(text: string): Promise<void> {
    if (!this.#isOpen()) return
    if (!this.#stdout.write(`${text}\n`))
      await once(this.#stdout, "drain", { signal: this.gone }).catch(() => undefined)
    this.#isOpen()
  }

  /** Writes lines for people; not with `--json`. */
  async lines(texts: readonly string[]): Promise<void> {
    if (!this.json && texts.length > 0) await this.line(texts.join("\n"))
  }

  readonly #bold = (text: string): string => this.styled("bold", text)

  /** Writes a table; not with `--json`. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<void> {
    return this.lines(rows.length === 0 ? [] : tableLines(rows, columns, this.width, this.#bold))
  }

  /** Writes name and value pairs; not with `--json`. */
  record(parts: readonly (readonly [name: string, value: string])[]): Promise<void> {
    return this.lines(recordLines(parts, this.width, this.#bold))
  }

  /** Writes the API's answer, the same value. {@link Output.flush} reports a failed write. */
  readonly answered = (json: string): void => {
    this.#stdout.write(`${visibleJson(json.trimEnd())}\n`)
  }

  /** Writes awrit's own JSON document; only with `--json`. */
  async document(value: unknown): Promise<void> {
    if (this.json) await this.jsonLine(value)
  }

  /** Writes a value as a line of JSON, in every mode. */
  jsonLine(value: unknown): Promise<void> {
    return this.line(visibleJson(JSON.stringify(value)))
  }

  /** Writes a remark to stderr; not with `--json`. */
  note(text: string, style?: Style): void {
    if (!this.json) this.warn(text, style)
  }

  /** Writes a warning or failure to stderr, in every mode. */
  warn(text: string, style?: Style): void {
    this.#stderr.write(`${style === undefined ? text : this.#style(this.#stderr, style, text)}\n`)
  }

  /** Replaces the last line of the terminal, if stderr is one. */
  readonly status = (text: string): void => {
    if (this.isAttended) this.#stderr.write(`\r\u001b[K${text}`)
  }

  /** The width for {@link Output.status}, in columns. */
  get statusWidth(): number {
    return this.#stderr.columns ?? 80
  }

  /** Waits until everything is written. @throws CommandError if a write failed. */
  async flush(): Promise<void> {
    if (!this.#isOpen()) return
    await new Promise<void>((resolve) => {
      this.gone.addEventListener("abort", () => resolve(), { once: true })
      // The error event of a failed write follows its callback.
      this.#stdout.write("", () => setImmediate(resolve))
    })
    this.#isOpen()
  }

  /** @throws CommandError if a write failed; a closed pipe is not a failure. */
  #isOpen(): boolean {
    if (this.gone.aborted && !(this.gone.reason instanceof ReaderGone)) throw this.gone.reason
    return !this.gone.aborted
  }

  #style(stream: OutputStream, style: Style, text: string): string {
    return stream.isTTY === true && !this.#noColor ? styleText(style, text, { validateStream: false }) : text
  }
}
