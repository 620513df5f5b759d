import { once } from "node:events"
import { styleText } from "node:util"
import { CommandError, ReaderGone } from "./errors.ts"
import type { Format } from "./global-flags.ts"
import type { Io, OutputStream } from "./io.ts"
import { type Column, recordLines, tableLines } from "./table.ts"
import { visibleJson } from "./text.ts"

/** Writes a value as YAML, without the last line break. */
export type YamlOf = (value: unknown) => string

/** A text style on a terminal with colour. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red"

/**
 * Writes results to stdout and messages to stderr. With `--json` or `-o yaml`, stdout gets only that: tables, records and
 * lines for people are not printed.
 */
export class Output {
  readonly #format: Format
  readonly #yamlOf: YamlOf | undefined
  readonly #stdout: OutputStream
  readonly #stderr: OutputStream
  readonly #noColor: boolean
  readonly #gone = new AbortController()

  /** @param yamlOf needed for the format `yaml` only, because few calls load the library. */
  constructor({ stdout, stderr, env }: Io, format: Format, yamlOf?: YamlOf) {
    this.#format = format
    this.#yamlOf = yamlOf
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

  /** Whether a program reads the result: only the API's answer is written. */
  get isForPrograms(): boolean {
    return this.#format !== "table"
  }

  /** Whether a person reads the result on a terminal. */
  get isOnTerminal(): boolean {
    return !this.isForPrograms && this.#stdout.isTTY === true
  }

  /** The terminal width in columns; `undefined` if stdout is not a terminal. */
  get width(): number | undefined {
    return this.#stdout.isTTY === true ? this.#stdout.columns : undefined
  }

  /** The terminal's height in rows. */
  get height(): number {
    return this.#stdout.rows ?? 24
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

  /** Writes lines for people; not for programs. */
  async lines(texts: readonly string[]): Promise<void> {
    if (!this.isForPrograms && texts.length > 0) await this.line(texts.join("\n"))
  }

  /** Writes a text as it is, for a screen that is drawn again and again. */
  draw(text: string): void {
    if (this.#isOpen()) this.#stdout.write(text)
  }

  readonly #bold = (text: string): string => this.styled("bold", text)

  /** Writes a table; not for programs. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<void> {
    return this.lines(rows.length === 0 ? [] : tableLines(rows, columns, this.width, this.#bold))
  }

  /** Writes name and value pairs; not for programs. */
  record(parts: readonly (readonly [name: string, value: string])[]): Promise<void> {
    return this.lines(recordLines(parts, this.width, this.#bold))
  }

  /** Writes the API's answer, the same value. {@link Output.flush} reports a failed write. */
  readonly answered = (json: string): void => {
    const text = this.#yamlOf?.(JSON.parse(json)) ?? visibleJson(json.trimEnd())
    this.#stdout.write(`${text}\n`)
  }

  /** Writes awrit's own document; only for programs. */
  async document(value: unknown): Promise<void> {
    if (this.isForPrograms) await this.line(this.#yamlOf?.(value) ?? visibleJson(JSON.stringify(value)))
  }

  /** Writes one of several values for programs: a line of JSON, or a YAML document. */
  async item(value: unknown): Promise<void> {
    if (this.#yamlOf !== undefined) await this.line(`---\n${this.#yamlOf(value)}`)
    else await this.jsonLine(value)
  }

  /** Writes a value as a line of JSON, in every mode. */
  jsonLine(value: unknown): Promise<void> {
    return this.line(visibleJson(JSON.stringify(value)))
  }

  /** Writes a remark to stderr; not for programs. */
  note(text: string, style?: Style): void {
    if (!this.isForPrograms) this.warn(text, style)
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
