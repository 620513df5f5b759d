import { createHash } from "node:crypto"
import type { ApiDocument, Operation, Parameter, Reference } from "./document.ts"
import { Html, html, inline, markdown } from "./html.ts"
import { exampleBlock, examplesOf, fieldRow, fieldTable, membersTable, schemaType } from "./schema.ts"
import { STYLE } from "./style.ts"

const STYLE_SHEET = new Html(STYLE)
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64")

/**
 * The page may apply its own style sheet and load nothing at all: no script, no image, no request, no frame around it.
 */
export const PAGE_POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ")

/**
 * The API as one HTML page without scripts: every operation with its schemas and examples, in the order of the tags.
 */
export function apiPage(api: ApiDocument): string {
  const { info, tags, paths, components } = api
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  )
  const sections = tags.map((tag) => ({
    ...tag,
    members: operations.filter(({ operation }) => operation.tags.includes(tag.name)),
  }))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<style>${STYLE_SHEET}</style>
</head>
<body>
<h1>${info.title} API ${info.version}</h1>
${markdown(info.description)}<p>For programs: <a href="openapi.json">openapi.json</a>.</p>
<nav>
${sections.map(
  ({ name, members }) => html`<h2>${name}</h2>
<ul>
${members.map((member) => html`<li><a href="#${member.operation.operationId}"><code>${member.name}</code></a></li>\n`)}</ul>
`,
)}</nav>
${sections.map(
  ({ name, description, members }) => html`<h2>${name}</h2>
<p>${description}</p>
${members.map((member) => operationSection(member.name, member.operation, api))}`,
)}<h2>Schemas</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => html`<h3 id="schema-${name}">${name}</h3>
${membersTable(schema) ?? html`<p>${schemaType(schema)}</p>\n`}${(schema.examples ?? []).map(exampleBlock)}`,
)}</body>
</html>
`
  return page.text
}

function operationSection(name: string, operation: Operation, { components }: ApiDocument): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation
  const rows = parameters.map((parameter) => parameterRow(resolved(parameter, components.parameters)))
  return html`<h3 id="${operationId}">${summary}</h3>
<p><code>${name}</code></p>
${markdown(description)}${rows.length > 0 ? fieldTable(rows) : undefined}${
  requestBody === undefined ? undefined : html`<h4>Request</h4>\n${bodies(requestBody.content, components)}`
}<h4>Answers</h4>
${Object.entries(responses).map(([status, { description: meaning, content = {} }]) =>
  // Every problem has the same form, which the schema Problem describes.
  Number(status) >= 400
    ? html`<p><strong>${status}</strong> ${inline(meaning)}</p>\n`
    : html`<p><strong>${status}</strong> ${inline(meaning)}</p>\n${bodies(content, components)}`,
)}`
}

function bodies(content: NonNullable<Operation["requestBody"]>["content"], { schemas }: ApiDocument["components"]) {
  return Object.entries(content).map(
    ([mediaType, body]) =>
      html`<p><code>${mediaType}</code>: ${schemaType(body.schema)}</p>\n${examplesOf(body, schemas)}`,
  )
}

const parameterRow = ({ name, in: place, required = false, description, schema }: Parameter): Html =>
  fieldRow(`${name} (${place})`, schema, required, description)

function resolved(parameter: Parameter | Reference, known: ApiDocument["components"]["parameters"]): Parameter {
  if (!("$ref" in parameter)) return parameter
  const found = known[parameter.$ref.slice(parameter.$ref.lastIndexOf("/") + 1)]
  if (found === undefined) throw new TypeError(`${parameter.$ref} names nothing`)
  return found
}
