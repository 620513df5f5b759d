import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import { type Endpoint, endpoint } from "./endpoint.ts"

export function openapi(version: string): Endpoint {
  // The same bytes for all: a text would wait as a copy of its own for each that does not read.
  const body = Buffer.from(JSON.stringify(createOpenApiDocument({ version })))
  const answer = { status: 200, body, mediaType: "application/json", document: body.length }
  return endpoint("openapi", { run: () => answer })
}
