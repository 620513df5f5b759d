import type { Figures } from "./process-figures.ts"

/** By how much the last third of a run may lie above the one before it. */
const GROWTH: Readonly<Record<keyof Figures, number>> = { memory: 32, handles: 16, wal: 8, delay: 100 }

/**
 * Bytes that an operation may leave behind. A warm broker keeps of most nothing, of some a revocation, until that is forgotten; one
 * that is not warm remembers the tokens too.
 */
const LEAK = { warm: 512, cold: 4096 }

/** Bytes by which two looks differ without any leak: code that was compiled meanwhile, requests that were under way. */
const NOISE = 2 * 2 ** 20

/** What a broker refers to after so many operations were acknowledged. */
export interface LiveMark {
  readonly bytes: number
  readonly operations: number
}

/** What was measured, in words, and what of it must not be. */
interface Finding {
  readonly note: string
  readonly problems: readonly string[]
}

/** How the last third of the samples stands against the one before it, by their medians; the first is warm-up. */
export function growth(samples: readonly Figures[]): Finding[] {
  const third = Math.floor(samples.length / 3)
  if (third === 0) throw new RangeError(`${samples.length} samples show no growth`)
  return (Object.keys(GROWTH) as (keyof Figures)[]).map((what) => {
    const before = median(samples.slice(third, 2 * third).map((one) => one[what]))
    const after = median(samples.slice(2 * third).map((one) => one[what]))
    const note = `${what} ${before.toFixed(1)} → ${after.toFixed(1)}`
    return { note, problems: after - before <= GROWTH[what] ? [] : [`${note} grew by more than ${GROWTH[what]}`] }
  })
}

/** What each operation left behind, from the first mark to the last: garbage counts for nothing, so that little shows. */
export function leak(marks: readonly LiveMark[], isWarm: boolean): Finding {
  const [first, last] = [marks[0], marks.at(-1)]
  if (first === undefined || last === undefined) throw new RangeError("no marks show no leak")
  const operations = last.operations - first.operations
  const bytes = last.bytes - first.bytes
  const note = `${(bytes / 2 ** 20).toFixed(1)} MiB left behind by ${operations} operations`
  const bound = NOISE + operations * (isWarm ? LEAK.warm : LEAK.cold)
  return {
    note,
    problems: [
      ...(operations > 0 ? [] : ["nothing was acknowledged"]),
      ...(bytes <= bound ? [] : [`${note}, more than ${(bound / 2 ** 20).toFixed(1)} MiB`]),
    ],
  }
}

/** The middle one. */
function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
