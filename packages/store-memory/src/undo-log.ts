/** Writes to maps, and how to undo them. */
export class UndoLog {
  readonly #steps: (() => void)[] = []

  push(step: () => void): void {
    this.#steps.push(step)
  }

  /** Sets a key. A key that exists keeps its place in the order of the map. */
  set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    const before = map.get(key)
    map.set(key, value)
    this.push(() => (before === undefined ? map.delete(key) : map.set(key, before)))
  }

  /** @throws when the key exists. */
  add<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    if (map.has(key)) throw new Error(`${String(key)} is stored already`)
    this.set(map, key, value)
  }

  delete<Key, Value>(map: Map<Key, Value>, key: Key): void {
    const before = map.get(key)
    if (before === undefined) return
    map.delete(key)
    this.push(() => map.set(key, before))
  }

  rollBack(): void {
    for (const step of this.#steps.reverse()) step()
  }
}
