import stringWidth from "fast-string-width"

/** Columns that a text takes on a terminal. */
export const widthOf = (text: string): number => stringWidth(text)

/** A text from elsewhere as it may stand on a terminal: what a terminal would act on, and what reorders or hides text, is escaped. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`
  })
}

/** The text, cut to so many columns with an ellipsis at its end. No word is shown in part: it may be an id, or a scope. */
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

/** Filled up with spaces to so many columns. */
export const padded = (text: string, columns: number): string => text + " ".repeat(Math.max(0, columns - widthOf(text)))

/** Breaks a text at its spaces into lines of so many columns; a longer word stays whole. */
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

/** A number of things: `1 agent`, `2 agents`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`
