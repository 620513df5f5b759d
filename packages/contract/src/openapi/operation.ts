import type * as v from "valibot"
import type { JsonAnswer, Route } from "../route.ts"
import type { JsonObject } from "./json.ts"
import { COMMON_HEADERS, problemResponses } from "./problems.ts"
import { parameterSchema, referenceTo } from "./schemas.ts"

/** The operation object of a route (OpenAPI 3.1.0, section 4.8.10). */
export function operationOf(name: string, route: Route): JsonObject {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)]
  return {
    operationId: name,
    tags: [tagOf(route)],
    summary: route.summary,
    description: describe(route),
    ...(parameters.length > 0 && { parameters }),
    ...(route.request !== undefined && { requestBody: { required: true, content: json(route.request) } }),
    responses: responsesOf(route),
    security: route.needs === "none" ? [] : [{ bearer: [] }],
  }
}

/** The tags, in the order in which they are to be read. */
export const TAGS: readonly { readonly name: string; readonly description: string }[] = [
  { name: "agents", description: "What an agent calls: register, renew, release, delegate." },
  { name: "apps", description: "What an app calls: sign in, and launch its agents." },
  { name: "operator", description: "What the operator calls: sign in, manage apps, revoke, read the trail." },
  { name: "public", description: "What anyone may call: check tokens, follow revocations, watch the broker." },
]

function tagOf({ path, needs }: Route): string {
  if (path.startsWith("/v1/admin/") || (needs !== "none" && needs.kinds.every((kind) => kind === "admin")))
    return "operator"
  if (path.startsWith("/v1/app/")) return "apps"
  return needs !== "none" || path === "/v1/challenge" || path === "/v1/register" ? "agents" : "public"
}

function describe({ description, needs }: Route): string {
  if (needs === "none") return description
  const caller = `Needs a bearer token of kind ${needs.kinds.join(" or ")}`
  return `${description}\n\n${caller}${needs.scope === undefined ? "" : ` with the scope \`${needs.scope}\``}.`
}

function pathParameters({ parameters }: Route): JsonObject[] {
  return parametersOf(parameters, { in: "path", required: true })
}

function queryParameters({ query }: Route): JsonObject[] {
  return parametersOf(query, { in: "query", required: false })
}

function parametersOf(schema: Route["query"], place: JsonObject): JsonObject[] {
  if (schema === undefined) return []
  return Object.entries<v.GenericSchema>(schema.entries).map(([name, field]) => {
    const { description, schema } = parameterSchema(field)
    return { name, ...place, ...(description && { description }), schema: schema as JsonObject }
  })
}

function headerParameters({ success }: Route): JsonObject[] {
  const streams = "mediaTypes" in success && success.mediaTypes.includes("text/event-stream")
  return streams ? [{ $ref: "#/components/parameters/Last-Event-ID" }] : []
}

function responsesOf(route: Route): Record<string, JsonObject> {
  const responses = { [route.success.status]: successOf(route), ...problemResponses(route.problems) }
  const { otherwise } = route
  return otherwise === undefined ? responses : withOtherwise(responses, otherwise)
}

/** A status that answers either a problem or another body offers both media types. */
function withOtherwise(
  responses: Record<string, JsonObject>,
  { status, body }: JsonAnswer,
): Record<string, JsonObject> {
  const { content, ...problem } = responses[status] ?? { description: "Not well", headers: COMMON_HEADERS }
  return { ...responses, [status]: { ...problem, content: { ...json(body), ...(content as JsonObject | undefined) } } }
}

function successOf({ success }: Route): JsonObject {
  if ("body" in success) return { description: "Done", headers: COMMON_HEADERS, content: json(success.body) }
  if (!("mediaTypes" in success)) return { description: "Done; no body", headers: COMMON_HEADERS }
  const types = success.mediaTypes.map((type) => [type, { schema: { type: schemaTypeOf(type) } }])
  return { description: "Done", headers: COMMON_HEADERS, content: Object.fromEntries(types) }
}

function schemaTypeOf(mediaType: string): string {
  return mediaType === "application/json" ? "object" : "string"
}

function json(schema: v.GenericSchema): JsonObject {
  return { "application/json": { schema: { $ref: referenceTo(schema) } } }
}
