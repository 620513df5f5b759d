import { cut, padded, visible, widthOf, wrapped } from "./text.ts"

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  /** Whether its cells may be cut where the table is too wide. Ids and what else someone copies may not. */
  readonly cuttable?: boolean
}

/** Columns between two cells. */
const GAP = 2

/** The least that a cell is cut to. */
const NARROWEST = 8

/**
 * Lines of a table that fit so many columns. Where cells that must stay whole do not fit beside each other, each row becomes a
 * block of lines instead, a cell a line; on no terminal nothing is cut.
 * @param columns of the terminal; `undefined` for none.
 */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number | undefined,
  bold: (text: string) => string,
): string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => visible(cell(row))))
  const natural = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...cells.map((line) => widthOf(line[at] ?? ""))),
  )
  const widths = width === undefined ? natural : fitted(columns, natural, width)
  if (widths === undefined) return blockLines(cells, columns, width, bold)
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => padded(cut(text, widths[at] ?? 0), widths[at] ?? 0))
      .join(" ".repeat(GAP))
      .trimEnd()
  return [bold(line(columns.map(({ title }) => title))), ...cells.map(line)]
}

/** The columns' widths when those that may be cut give way, the widest first; `undefined` when even that does not fit. */
function fitted<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
): readonly number[] | undefined {
  const widths = [...natural]
  const over = (): number => widths.reduce((sum, one) => sum + one, GAP * (widths.length - 1)) - width
  while (over() > 0) {
    const givers = columns.flatMap(({ cuttable, title }, at) => {
      const has = widths[at] ?? 0
      return cuttable === true && has > Math.max(NARROWEST, widthOf(title)) ? [{ at, has }] : []
    })
    const [widest] = givers.toSorted((a, b) => b.has - a.has)
    if (widest === undefined) return undefined
    widths[widest.at] = widest.has - 1
  }
  return widths
}

function blockLines<Row>(
  cells: readonly (readonly string[])[],
  columns: readonly Column<Row>[],
  width: number | undefined,
  bold: (text: string) => string,
): string[] {
  const titles = Math.max(...columns.map(({ title }) => widthOf(title)))
  return cells.flatMap((line, row) => [
    ...(row === 0 ? [] : [""]),
    ...line.flatMap((text, at) => (text === "" ? [] : partLines(columns[at]?.title ?? "", text, titles, width, bold))),
  ])
}

/** Lines of one thing's parts, a name and a value each. Values are never cut, and broken at spaces alone. */
export function recordLines(
  parts: readonly (readonly [name: string, value: string])[],
  width: number | undefined,
  bold: (text: string) => string,
): string[] {
  const names = Math.max(...parts.map(([name]) => widthOf(name)))
  return parts.flatMap(([name, value]) => partLines(name, visible(value), names, width, bold))
}

function partLines(
  name: string,
  value: string,
  names: number,
  width: number | undefined,
  bold: (text: string) => string,
): string[] {
  const before = names + GAP
  const lines = width === undefined ? [value] : wrapped(value, Math.max(NARROWEST, width - before))
  return lines.map((line, at) => ((at === 0 ? bold(padded(name, before)) : " ".repeat(before)) + line).trimEnd())
}
