import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import { type Endpoint, endpoint } from "./endpoint.ts"

export function openapi(version: string): Endpoint {
  // Bytes: a text would be encoded anew for each who asks, and wait as a copy of its own for each that does not read.
  const body = Buffer.from(JSON.stringify(createOpenApiDocument({ version })))
  return endpoint("openapi", { run: () => ({ status: 200, body, mediaType: "application/json" }) })
}
