import { cut, padded, visible, widthOf, wrapped } from "./text.ts"

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  /** Whether cells may be cut to fit the terminal. Never for ids and other values that people copy. */
  readonly cuttable?: boolean
}

/** Spaces between two cells. */
const GAP = 2

/** The smallest width of a cut cell. */
const MIN_COLUMNS = 8

/**
 * The lines of a table. If the cells that must not be cut do not fit in one line, each row becomes a block with one
 * cell per line.
 * @param width of the terminal in columns; `undefined` without one: then nothing is cut.
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

/** Column widths that fit, with the widest cuttable columns reduced first; `undefined` if the table cannot fit. */
function fitted<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
): readonly number[] | undefined {
  const widths = [...natural]
  const over = (): number => widths.reduce((sum, one) => sum + one, GAP * (widths.length - 1)) - width
  while (over() > 0) {
    const reducible = columns.flatMap(({ cuttable, title }, at) => {
      const columnWidth = widths[at] ?? 0
      return cuttable === true && columnWidth > Math.max(MIN_COLUMNS, widthOf(title)) ? [{ at, columnWidth }] : []
    })
    const [widest] = reducible.toSorted((a, b) => b.columnWidth - a.columnWidth)
    if (widest === undefined) return undefined
    widths[widest.at] = widest.columnWidth - 1
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

/** The lines of name and value pairs. Values wrap at spaces and are never cut. */
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
  const lines = width === undefined ? [value] : wrapped(value, Math.max(MIN_COLUMNS, width - before))
  return lines.map((line, at) => ((at === 0 ? bold(padded(name, before)) : " ".repeat(before)) + line).trimEnd())
}
