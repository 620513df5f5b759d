import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import { type Endpoint, endpoint } from "./endpoint.ts"

export function openapi(version: string): Endpoint {
  // As bytes, because a text would be encoded again for every reader.
  const body = Buffer.from(JSON.stringify(createOpenApiDocument({ version })))
  const answer = { status: 200, body, mediaType: "application/json" }
  return endpoint("openapi", { run: () => answer })
}
