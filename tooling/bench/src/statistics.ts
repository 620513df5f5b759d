/** The values of several runs. */
export interface Sample {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** @param values of several runs, at least one. */
export function sampleOf(values: readonly number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: percentile(sorted, 0.5), least: percentile(sorted, 0), most: percentile(sorted, 1) }
}

export function medianOf(values: readonly number[]): number {
  return sampleOf(values).median
}

/** @param share 0.99 for the 99th percentile. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.ceil(sorted.length * share) - 1
  return sorted[Math.min(Math.max(rank, 0), sorted.length - 1)] ?? Number.NaN
}
