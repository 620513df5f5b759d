import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import type { Route } from "../src/index.ts"
import { createOpenApiDocument } from "../src/openapi.ts"

export interface Operation {
  operationId: string
  security: object[]
  parameters?: { name?: string; in?: string; schema?: object; required?: boolean; example?: unknown }[]
  requestBody?: { content: Content }
  responses: Record<string, { headers: object; content?: Content; description: string }>
}
export type Content = Record<string, { schema: object; example?: unknown }>

/** The document as it is built, and as a client reads it. */
export const document = createOpenApiDocument({ version: "2.0.0" })
export const parsed = JSON.parse(JSON.stringify(document)) as {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> } & Record<string, Record<string, object>>
}
const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
ajv.addSchema({ $id: "https://test.example/openapi", ...parsed })

/** A validator of one schema of the document. */
export function validatorOf(schema: object): ValidateFunction {
  return ajv.compile(
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"https://test.example/openapi#/components')),
  )
}

/** The operation of a route. */
export function operation({ path, method }: Route): Operation {
  const found = parsed.paths[path]?.[method.toLowerCase()]
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`)
  return found
}
