import type { JsonObject } from "./openapi/json.ts"
import { operationOf, TAGS } from "./openapi/operation.ts"
import { componentSchemas } from "./openapi/schemas.ts"
import type { Route } from "./route.ts"
import { type RouteName, routes } from "./routes.ts"

export type { JsonObject } from "./openapi/json.ts"

/** The parts of the document that are not in the contract. */
export interface OpenApiOptions {
  /** The broker's version. */
  readonly version: string
  /** The broker's URL, such as `https://broker.example`. Default: where clients got the document. */
  readonly serverUrl?: string
}

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument extends JsonObject {
  openapi: string
  info: JsonObject
  tags: JsonObject[]
  paths: JsonObject
  components: JsonObject
}

/**
 * The OpenAPI 3.1 document of the whole API, generated from the schemas that the routes parse with. Equal contracts
 * give equal documents, byte for byte.
 *
 * @example
 * ```ts
 * import { createOpenApiDocument } from "@agentwrit/contract/openapi"
 *
 * JSON.stringify(createOpenApiDocument({ version: "2.0.0" }))
 * ```
 */
export function createOpenApiDocument({ version, serverUrl }: OpenApiOptions): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "AgentWrit",
      version,
      summary: "The credential broker for AI agents",
      description:
        "Short-lived, task-scoped, delegable, revocable, audited credentials. Times are RFC 3339 in UTC, TTLs whole seconds. Unknown members of a body are ignored; a bad one is a 400 that names it. GET routes answer HEAD.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    ...(serverUrl !== undefined && { servers: [{ url: serverUrl }] }),
    tags: TAGS.map((tag) => ({ ...tag })),
    paths: paths(),
    components: {
      schemas: componentSchemas() as JsonObject,
      headers: HEADERS,
      parameters: PARAMETERS,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A token that the broker signed" },
      },
    },
  }
}

function paths(): JsonObject {
  const byPath: Record<string, JsonObject> = {}
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    byPath[route.path] = { ...byPath[route.path], [route.method.toLowerCase()]: operationOf(name, route) }
  }
  return byPath
}

const HEADERS: JsonObject = {
  "X-Request-ID": {
    description: "The request's id: the client's own when it sent a valid one",
    required: true,
    schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$" },
  },
  "Retry-After": {
    description: "When to retry, in whole seconds",
    required: true,
    schema: { type: "integer", minimum: 1 },
  },
  "WWW-Authenticate": {
    description: "How to authenticate (RFC 6750)",
    required: true,
    schema: { type: "string", const: "Bearer" },
  },
}

const PARAMETERS: JsonObject = {
  "Last-Event-ID": {
    name: "Last-Event-ID",
    in: "header",
    required: false,
    description: "The last event's id, sent by a client that resumes an event stream",
    schema: { type: "string", pattern: "^[0-9]{1,16}$" },
  },
}
