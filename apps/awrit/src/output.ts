import { once } from "node:events"
import type { WriteStream } from "node:tty"
import { styleText } from "node:util"
import { CommandError, ReaderGone } from "./errors.ts"
import { type Column, recordLines, tableLines } from "./table.ts"

/** How a text stands out where there is colour. */
export type Style = "bold" | "dim" | "green" | "yellow" | "red"

/** What {@link Output} writes to. */
type Stream = Pick<WriteStream, "write" | "once" | "on" | "off"> & {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Where {@link Output} writes, and how. */
export interface OutputOptions {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly json: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * What a command says: results on stdout, messages for people on stderr. With `--json`, stdout has the API's answers as they came
 * and nothing else, so tables, records and lines for people are left out.
 */
export class Output {
  readonly json: boolean
  readonly #stdout: Stream
  readonly #stderr: Stream
  readonly #noColor: boolean
  readonly #gone = new AbortController()
  #fault: Error | undefined

  constructor({ stdout, stderr, json, env }: OutputOptions) {
    this.json = json
    this.#stdout = stdout
    this.#stderr = stderr
    this.#noColor = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb"
    stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") this.#fault ??= error
      this.#gone.abort(new ReaderGone("the reader has gone"))
    })
    // Who does not read messages does not miss them.
    stderr.on("error", () => undefined)
  }

  /** Aborts when nobody reads stdout any more. */
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

  /** A line of the result, in every mode. Waits while the reader is slow. */
  async line(text: string): Promise<void> {
    this.gone.throwIfAborted()
    if (this.#stdout.write(`${text}\n`)) return
    await Promise.race([once(this.#stdout as WriteStream, "drain", { signal: this.gone }).catch(() => undefined)])
    this.gone.throwIfAborted()
  }

  /** Lines for people; left out with `--json`. */
  async lines(texts: readonly string[]): Promise<void> {
    if (!this.json && texts.length > 0) await this.line(texts.join("\n"))
  }

  /** A table for people. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<void> {
    return this.lines(
      rows.length === 0 ? [] : tableLines(rows, columns, this.width, (text) => this.styled("bold", text)),
    )
  }

  /** One thing's parts, for people. */
  record(parts: readonly (readonly [name: string, value: string])[]): Promise<void> {
    return this.lines(recordLines(parts, (text) => this.styled("bold", text)))
  }

  /** A document of our own, where the API has none; only with `--json`. */
  async document(value: unknown): Promise<void> {
    if (this.json) await this.line(JSON.stringify(value))
  }

  /** A message for people. */
  readonly note = (text: string, style?: Style): void => {
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
    if (!this.gone.aborted)
      await new Promise<void>((resolve) => {
        this.gone.addEventListener("abort", () => resolve(), { once: true })
        this.#stdout.write("", () => resolve())
      })
    if (this.#fault !== undefined) throw new CommandError(`the result could not be written: ${this.#fault.message}`)
  }

  #style(stream: Stream, style: Style, text: string): string {
    return stream.isTTY === true && !this.#noColor ? styleText(style, text, { validateStream: false }) : text
  }
}
