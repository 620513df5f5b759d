/** Bytes that the second chunk makes room for at least; from there on the room doubles. */
const FIRST_ROOM = 16 * 1024

const EMPTY = new Uint8Array(0)

/**
 * Chunks in one piece of memory. Kept as they come, each is an object of some 300 bytes whatever it holds, and a body of a million
 * chunks of one byte takes 300 MB.
 */
export class GatheredBytes {
  #room: Uint8Array = EMPTY
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Bytes of memory that are held once that chunk is added: its own for the first, else a power of two. */
  roomWith(chunk: Uint8Array): number {
    if (this.#length === 0) return chunk.length
    const length = this.#length + chunk.length
    let room = FIRST_ROOM
    while (room < length) room *= 2
    return room
  }

  add(chunk: Uint8Array): void {
    // Most bodies are one chunk, which is kept as it is.
    if (this.#length === 0) this.#room = chunk
    else {
      this.#grow(this.roomWith(chunk))
      this.#room.set(chunk, this.#length)
    }
    this.#length += chunk.length
  }

  whole(): Uint8Array {
    return this.#room.subarray(0, this.#length)
  }

  #grow(room: number): void {
    if (room <= this.#room.length) return
    const larger = Buffer.allocUnsafeSlow(room)
    larger.set(this.#room)
    this.#room = larger
  }
}
