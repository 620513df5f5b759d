/** A piece of HTML. Only {@link html} makes one, so text is escaped exactly once. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[] | undefined

/** Joins markup and values; every value that is not {@link Html} is escaped. */
export function html(markup: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(markup.map((text, index) => text + render(parts[index])).join(""))
}

function render(part: Part): string {
  if (part === undefined) return ""
  if (part instanceof Html) return part.text
  if (typeof part === "object") return part.map(({ text }) => text).join("")
  return escapeText(String(part))
}

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

/** Paragraphs and `code` of Markdown; the contract's descriptions use nothing else. */
export function markdown(text: string): readonly Html[] {
  return text.split(/\n+/).map((paragraph) => html`<p>${inline(paragraph)}</p>\n`)
}

/** One line of Markdown. */
export function inline(text: string): readonly Html[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
}
