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
  /** Characters of them. */
  #length = 0
  #backlog: Buffer[] = []
  /** Bytes of it. */
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
    if (this.#waiting + this.#length > LONGEST_BACKLOG) {
      this.#dropped++
      return
    }
    this.#length += line.length
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
      for (let next = this.#backlog[0]; next !== undefined; next = this.#backlog[0]) {
        const written = this.#offer(next)
        this.#waiting -= written
        if (written === next.length) this.#backlog.shift()
        else this.#backlog[0] = next.subarray(written)
      }
    } catch (error) {
      // The reader is gone (EPIPE): nothing will ever arrive. Everything else, a full disk say, may pass.
      if (!LASTING.includes(codeOf(error))) return false
      this.#close()
    }
    return this.#dropped === 0 || this.#write()
  }

  /** Answers how many bytes were taken. */
  #offer(bytes: Buffer): number {
    if (this.#sink.fd !== undefined) return writeSync(this.#sink.fd, bytes)
    this.#sink.write(bytes.toString())
    return bytes.length
  }

  #collect(): void {
    if (this.#dropped > 0 && this.#backlog.length === 0) {
      this.#lines.push(this.#droppedLine(this.#dropped))
      this.#dropped = 0
    }
    if (this.#lines.length === 0) return
    const bytes = Buffer.from(`${this.#lines.join("\n")}\n`)
    this.#backlog.push(bytes)
    this.#waiting += bytes.length
    this.#lines = []
    this.#length = 0
  }

  #close(): void {
    this.#closed = true
    this.#dropped = 0
    this.#lines = []
    this.#backlog = []
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
