import { writeSync } from "node:fs"

/** The part of a stream that the log needs; with `fd`, that is written to directly. */
export interface LogSink {
  readonly fd?: number
  write(text: string): unknown
}

/** Bytes that wait for a reader that does not keep up; what comes after them is counted and dropped. */
const LONGEST_BACKLOG = 4 * 1024 * 1024

/** Milliseconds until a full pipe is tried again. */
const RETRY = 20

/** Milliseconds that a last flush waits for a full pipe. */
const PATIENCE = 1000

/** Where lines go. Writes to the descriptor itself: what a stream buffers is lost when the process exits. */
export class Outlet {
  #lines: string[] = []
  #backlog: Buffer = Buffer.alloc(0)
  #waiting = 0
  #dropped = 0
  #closed = false
  #retry: NodeJS.Timeout | undefined
  readonly #sink: LogSink
  readonly #droppedLine: (count: number) => string

  constructor(sink: LogSink, droppedLine: (count: number) => string) {
    this.#sink = sink
    this.#droppedLine = droppedLine
  }

  add(line: string): void {
    if (this.#closed) return
    if (this.#waiting > LONGEST_BACKLOG) {
      this.#dropped++
      return
    }
    this.#waiting += line.length
    this.#lines.push(line)
  }

  /** Writes what the reader takes now and tries the rest again later. */
  drain(): void {
    if (this.#write() || this.#retry !== undefined) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.drain()
    }, RETRY)
    this.#retry.unref()
  }

  flush(): void {
    const deadline = Date.now() + PATIENCE
    while (!this.#write() && Date.now() < deadline) pause(5)
  }

  /** Whether nothing is left. */
  #write(): boolean {
    this.#collect()
    try {
      if (this.#sink.fd === undefined) {
        if (this.#backlog.length > 0) this.#sink.write(this.#backlog.toString())
        this.#backlog = Buffer.alloc(0)
      } else
        while (this.#backlog.length > 0) this.#backlog = this.#backlog.subarray(writeSync(this.#sink.fd, this.#backlog))
    } catch (error) {
      // The reader is gone (EPIPE): nothing will ever arrive. Everything else, a full disk say, may pass.
      if (LASTING.includes(codeOf(error))) this.#close()
      else return false
    }
    this.#waiting = 0
    return this.#dropped === 0 || this.#write()
  }

  #collect(): void {
    if (this.#dropped > 0 && this.#backlog.length === 0) {
      this.#lines.push(this.#droppedLine(this.#dropped))
      this.#dropped = 0
    }
    if (this.#lines.length === 0) return
    this.#backlog = Buffer.concat([this.#backlog, Buffer.from(`${this.#lines.join("\n")}\n`)])
    this.#lines = []
  }

  #close(): void {
    this.#closed = true
    this.#dropped = 0
    this.#lines = []
    this.#backlog = Buffer.alloc(0)
  }
}

const LASTING: readonly (string | undefined)[] = [
  "EPIPE",
  "EBADF",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
]

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

const pause = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
