import stringWidth from "fast-string-width"

/** The width of a text on a terminal, in columns. */
export const widthOf = (text: string): number => stringWidth(text)

/** Makes foreign text safe for a terminal: escapes control characters and characters that reorder or hide text. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`
  })
}

/**
 * The same JSON value without characters that control a terminal or reorder text: JSON can escape them in its strings.
 */
export const visibleJson = (json: string): string =>
  json.replaceAll(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    char
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  )

/** Cuts a text after a whole word and adds an ellipsis: part of a word could read as another id or scope. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ""
  for (const word of text.split(" ")) {
    const longer = kept === "" ? word : `${kept} ${word}`
    if (widthOf(longer) > columns - 1) break
    kept = longer
  }
  return `${kept}…`
}

/** Pads a text with spaces to a width in columns. */
export const padded = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - widthOf(text)))

/** Wraps a text at spaces to a width in columns. A longer word stays whole. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** A count with its noun: `1 agent`, `2 agents`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`
