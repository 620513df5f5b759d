import type { MediaType, Schema } from "./document.ts"
import { Html, html, inline } from "./html.ts"

/** A value's type in a few words: `string`, `integer 1 to 86400`, `array of App`. */
export function schemaType(schema: Schema): Html {
  if (schema.$ref !== undefined) return schemaLink(schema.$ref)
  const alternatives = schema.oneOf ?? schema.anyOf
  if (alternatives !== undefined && schema.properties === undefined)
    return html`one of ${commaSeparated(alternatives.map(schemaType))}`
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`
  if (schema.enum !== undefined)
    return html`one of ${commaSeparated(schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`))}`
  if (schema.items !== undefined) return html`array of ${schemaType(schema.items)}${limits(schema)}`
  return html`${schema.format ?? typeText(schema)}${limits(schema)}`
}

function typeText({ type = "any" }: Schema): string {
  return typeof type === "string" ? type : type.join(" or ")
}

/** A link to the section of a named schema. */
function schemaLink(reference: string): Html {
  const name = reference.slice(reference.lastIndexOf("/") + 1)
  return html`<a href="#schema-${name}">${name}</a>`
}

function limits(schema: Schema): string {
  const largest = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum
  return [
    range(schema.minimum, largest, ""),
    range(schema.minLength, schema.maxLength, " characters"),
    range(schema.minItems, schema.maxItems, " members"),
  ].join("")
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  if (least === undefined) return most === undefined ? "" : `, at most ${most}${unit}`
  return most === undefined ? `, at least ${least}${unit}` : `, ${least} to ${most}${unit}`
}

/** The members of an object as a table; nothing for a schema without members. */
export function membersTable({ properties, required = [] }: Schema): Html | undefined {
  if (properties === undefined) return undefined
  const rows = Object.entries(properties).map(([name, schema]) => fieldRow(name, schema, required.includes(name)))
  return fieldTable(rows)
}

/** A table of {@link fieldRow}s. */
export const fieldTable = (rows: readonly Html[]): Html =>
  html`<table>\n<tr><th>Name</th><th>Type</th><th>Meaning</th></tr>\n${rows}</table>\n`

/** One field: its name, its type, what it means and its default. */
export function fieldRow(name: string, schema: Schema, isRequired: boolean, meaning?: string): Html {
  const description = meaning ?? schema.description
  const fallback =
    schema.default === undefined ? undefined : html` Default: <code>${JSON.stringify(schema.default)}</code>.`
  const pattern = schema.pattern === undefined ? undefined : html` Pattern: <code>${schema.pattern}</code>.`
  const explained = html`${inline(description === undefined ? "" : `${description}.`)}${fallback}${pattern}`
  const need = isRequired ? html`, required` : undefined
  return html`<tr><td><code>${name}</code></td><td>${schemaType(schema)}${need}</td><td>${explained}</td></tr>\n`
}

/** The examples of a body, from its media type or else from its schema. */
export function examplesOf({ example, examples, schema }: MediaType, named: Readonly<Record<string, Schema>>): Html[] {
  const values = example === undefined ? Object.values(examples ?? {}).map(({ value }) => value) : [example]
  const name = schema.$ref?.slice(schema.$ref.lastIndexOf("/") + 1) ?? ""
  const all = values.length > 0 ? values : (schema.examples ?? named[name]?.examples ?? [])
  return all.map(exampleBlock)
}

/** An example value as indented JSON. */
export const exampleBlock = (value: unknown): Html =>
  html`<pre><code>${typeof value === "string" ? value : JSON.stringify(value, undefined, 2)}</code></pre>\n`

const commaSeparated = (parts: readonly Html[]): Html => new Html(parts.map(({ text }) => text).join(", "))
