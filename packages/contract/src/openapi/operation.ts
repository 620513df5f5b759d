import type * as v from "valibot"
import type { CallerNeeds, Route } from "../route.ts"
import type { RouteName } from "../routes.ts"
import type { JsonObject } from "./json.ts"
import { COMMON_HEADERS, problemResponses } from "./problems.ts"
import { type Sample, samples } from "./samples.ts"
import { parameterSchema, referenceTo } from "./schemas.ts"

/** The operation object of a route (OpenAPI 3.1.0, section 4.8.10). */
export function operationOf(name: RouteName, route: Route): JsonObject {
  const sample: Sample = samples[name]
  const parameters = [...parametersOf(route, sample), ...headerParameters(route)]
  return {
    operationId: name,
    tags: [tagOf(route)],
    summary: route.summary,
    description: describe(route),
    ...(parameters.length > 0 && { parameters }),
    ...(route.request !== undefined && {
      requestBody: { required: route.isBodyOptional !== true, content: json(route.request, sample.request) },
    }),
    responses: responsesOf(route, sample),
    security: securityOf(route),
  }
}

/** The tags, in reading order. */
export const TAGS: readonly { readonly name: string; readonly description: string }[] = [
  { name: "agents", description: "What an agent calls: register, renew, release, delegate." },
  { name: "apps", description: "What an app calls: sign in, and launch its agents." },
  { name: "operator", description: "What the operator calls: sign in, manage apps, revoke, read the trail." },
  { name: "public", description: "What anyone may call: validate tokens, follow revocations, monitor the broker." },
]

function tagOf({ path, needs }: Route): string {
  if (path.startsWith("/v1/admin/") || (needs !== "none" && needs.kinds.every((kind) => kind === "admin")))
    return "operator"
  if (path.startsWith("/v1/app/")) return "apps"
  return needs !== "none" || path === "/v1/challenge" || path === "/v1/register" ? "agents" : "public"
}

function securityOf({ needs, needsWhenClosed }: Route): JsonObject[] {
  if (needs !== "none") return [{ bearer: [] }]
  return needsWhenClosed === undefined ? [] : [{}, { bearer: [] }]
}

function describe({ description, needs, needsWhenClosed }: Route): string {
  if (needs !== "none") return `${description}\n\nNeeds ${tokenOf(needs)}.`
  if (needsWhenClosed === undefined) return description
  return `${description}\n\nWhere the operator closed it, it needs ${tokenOf(needsWhenClosed)}.`
}

function tokenOf({ kinds, scope }: CallerNeeds): string {
  return `a bearer token of kind ${kinds.join(" or ")}${scope === undefined ? "" : ` with the scope \`${scope}\``}`
}

function parametersOf({ parameters, query }: Route, sample: Sample): JsonObject[] {
  return [
    ...parameterList(parameters, { in: "path", required: true }, sample),
    ...parameterList(query, { in: "query", required: false }, sample),
  ]
}

function parameterList(message: Route["query"], place: JsonObject, { parameters = {} }: Sample): JsonObject[] {
  return Object.entries<v.GenericSchema>(message?.entries ?? {}).map(([name, field]) => {
    const { description, schema } = parameterSchema(field)
    return {
      name,
      ...place,
      ...(description && { description }),
      schema: schema as JsonObject,
      example: parameters[name],
    }
  })
}

function headerParameters({ success }: Route): JsonObject[] {
  const streams = "mediaTypes" in success && success.mediaTypes.includes("text/event-stream")
  return streams ? [{ $ref: "#/components/parameters/Last-Event-ID" }] : []
}

function responsesOf(route: Route, sample: Sample): Record<string, JsonObject> {
  const responses: Record<string, JsonObject> = {
    [route.success.status]: successOf(route, sample),
    ...problemResponses(route),
  }
  const { otherwise } = route
  if (otherwise === undefined) return responses
  // A status that answers either a problem or another body has both media types.
  const { content, ...problem } = responses[otherwise.status] ?? { description: "Degraded", headers: COMMON_HEADERS }
  const both = { ...json(otherwise.body, sample.otherwise), ...(content as JsonObject | undefined) }
  return { ...responses, [otherwise.status]: { ...problem, content: both } }
}

function successOf({ success }: Route, { answer, text = {} }: Sample): JsonObject {
  if ("body" in success) return { description: "Done", headers: COMMON_HEADERS, content: json(success.body, answer) }
  if (!("mediaTypes" in success)) return { description: "Done; no body", headers: COMMON_HEADERS }
  const types = success.mediaTypes.map((type) => [type, { schema: { type: schemaTypeOf(type) }, example: text[type] }])
  return { description: "Done", headers: COMMON_HEADERS, content: Object.fromEntries(types) }
}

function schemaTypeOf(mediaType: string): string {
  return mediaType === "application/json" ? "object" : "string"
}

function json(schema: v.GenericSchema, example: JsonObject | undefined): JsonObject {
  return { "application/json": { schema: { $ref: referenceTo(schema) }, example } }
}
