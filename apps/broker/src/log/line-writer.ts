/** The part of a Node stream that the log uses. */
export interface LogStream {
  /** Bytes that wait for the reader. */
  readonly writableLength: number
  write(text: string, done?: () => void): unknown
}

/** Bytes that may wait for a reader that is too slow. Lines beyond that are counted and dropped. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024

/** How long a flush waits for a reader that is too slow. */
const FLUSH_TIMEOUT_MS = 1000

/**
 * Writes whole lines to a stream, once a tick. A full pipe delays no request: Node keeps the rest until there is room.
 */
export class LineWriter {
  #lines: string[] = []
  #dropped = 0
  readonly #stream: LogStream
  readonly #droppedLine: (count: number) => string

  /** @param droppedLine the line that says how many lines were dropped. */
  constructor(stream: LogStream, droppedLine: (count: number) => string) {
    this.#stream = stream
    this.#droppedLine = droppedLine
  }

  add(line: string): void {
    if (this.#stream.writableLength > MAX_BACKLOG_BYTES) {
      this.#dropped++
      return
    }
    if (this.#lines.length === 0) setImmediate(() => this.#write())
    if (this.#dropped > 0) {
      this.#lines.push(this.#droppedLine(this.#dropped))
      this.#dropped = 0
    }
    this.#lines.push(line)
  }

  /** Resolves once everything is written, or after a second. */
  flush(): Promise<void> {
    if (this.#dropped > 0) this.#lines.push(this.#droppedLine(this.#dropped))
    this.#dropped = 0
    return new Promise((resolve) => {
      const timeout = setTimeout(resolve, FLUSH_TIMEOUT_MS)
      this.#write(() => {
        clearTimeout(timeout)
        resolve()
      })
    })
  }

  #write(done?: () => void): void {
    const text = this.#lines.map((line) => `${line}\n`).join("")
    this.#lines = []
    if (text !== "" || done !== undefined) this.#stream.write(text, done)
  }
}
