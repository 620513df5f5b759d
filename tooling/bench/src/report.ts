import { isReached, type Reach, type Row } from "./figure.ts"
import type { Sample } from "./statistics.ts"

const HEADINGS = ["figure", "measured", "floor", "ratio", "reach", "CPU a request, µs (floor)", "client CPU"]

/** The rows as a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    sampleText(row.measured, row.unit),
    row.floor === undefined ? "–" : sampleText(row.floor, row.unit),
    ratioText(row),
    row.reach.map((reach) => `${isReached(row, reach) ? "✓" : "✗"} ${reachText(reach, row.unit)}`).join(", ") || "–",
    cpuText(row.cpu),
    row.clientCpu === undefined ? "–" : `${Math.round(row.clientCpu * 100)} %`,
  ])
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((line) => line[column]?.length ?? 0)),
  )
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |\n`
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |\n`
  return line(HEADINGS) + rule + cells.map(line).join("")
}

/** Median and, in brackets, the least and the most of the runs. */
function sampleText({ median, least, most }: Sample, unit: string): string {
  const spread = least === most ? "" : ` (${numberText(least)}–${numberText(most)})`
  return `${numberText(median)} ${unit}${spread}`
}

function ratioText({ ratio, onTop }: Row): string {
  if (onTop !== undefined) return `${ratio?.toFixed(2)} (${numberText(onTop)} more)`
  if (ratio === undefined) return "–"
  return ratio < 0.1 ? numberText(ratio) : ratio.toFixed(2)
}

function cpuText(cpu: Row["cpu"]): string {
  if (cpu === undefined) return "–"
  return cpu.floor === undefined ? cpu.measured.toFixed(0) : `${cpu.measured.toFixed(0)} (${cpu.floor.toFixed(0)})`
}

function reachText(reach: Reach, unit: string): string {
  if ("ratioAtLeast" in reach) return `≥ ${reach.ratioAtLeast}`
  if ("ratioAtMost" in reach) return `≤ ${reach.ratioAtMost}`
  if ("onTopAtMost" in reach) return `≤ ${numberText(reach.onTopAtMost)} ${unit} more`
  return "atLeast" in reach ? `≥ ${numberText(reach.atLeast)} ${unit}` : `≤ ${numberText(reach.atMost)} ${unit}`
}

/** With as many digits as mean something. */
function numberText(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en")
  return Number(value.toPrecision(3)).toString()
}
