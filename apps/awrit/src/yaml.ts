import { Document, visit } from "yaml"

/** Characters that control a terminal or reorder text. Line breaks and tabs are written as they are. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A value as YAML 1.2 that readers of YAML 1.1 understand too. Characters that a terminal acts on are escaped. */
export function yamlOf(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false, compat: "yaml-1.1" })
  visit(document, {
    Scalar(_key, node) {
      // Only this style has escapes.
      if (typeof node.value === "string" && node.value.search(INVISIBLE) !== -1) node.type = "QUOTE_DOUBLE"
    },
  })
  return document
    .toString({ lineWidth: 0 })
    .trimEnd()
    .replaceAll(INVISIBLE, (char) => `\\U${(char.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`)
}
