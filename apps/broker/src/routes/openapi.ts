import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import { type Endpoint, endpoint } from "./endpoint.ts"

export function openapi(version: string): Endpoint {
  const body = JSON.stringify(createOpenApiDocument({ version }))
  return endpoint("openapi", { run: () => ({ status: 200, body, mediaType: "application/json" }) })
}
