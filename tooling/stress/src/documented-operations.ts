import { type JsonSchema, valuesOf } from "@agentwrit/e2e/schema-arbitrary"
import { call } from "@agentwrit/testing/client"
import fc from "fast-check"

/** A parameter of an operation, and values that its schema allows, as they are written. */
export interface Parameter {
  readonly name: string
  readonly in: "path" | "query" | "header"
  readonly values: readonly string[]
}

/** An operation of the OpenAPI document, and bodies that its schema allows. */
export interface Operation {
  /** Method and path as the document names them. */
  readonly name: string
  readonly bodies: readonly Record<string, unknown>[]
  readonly parameters: readonly Parameter[]
}

/** What of an operation is drawn from. */
interface Documented {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> }
  readonly parameters?: readonly (DocumentedParameter | { readonly $ref: string })[]
}

interface DocumentedParameter {
  readonly name: string
  readonly in: Parameter["in"]
  readonly schema: JsonSchema
}

/** Values that are drawn of each schema. */
const DRAWN = 60

/** All operations of the document that the broker serves. */
export async function documentedOperations(url: string, seed: number): Promise<readonly Operation[]> {
  const document = (await call(url, "GET /v1/openapi.json")).body
  const named = (kind: string, reference: string) => document.components[kind][reference.split("/").at(-1) ?? ""]
  const drawn = (schema: JsonSchema) =>
    fc.sample(
      valuesOf(schema, (reference) => named("schemas", reference)),
      { numRuns: DRAWN, seed },
    )
  const parameter = (one: DocumentedParameter | { readonly $ref: string }): Parameter => {
    const { name, in: place, schema }: DocumentedParameter = "$ref" in one ? named("parameters", one.$ref) : one
    return { name, in: place, values: drawn(schema).map(String) }
  }
  const paths = Object.entries<Record<string, Documented>>(document.paths)
  return paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody, parameters = [] }]) => {
      const schema = requestBody?.content["application/json"]?.schema
      const bodies = schema === undefined ? [] : drawn(schema)
      return {
        name: `${method.toUpperCase()} ${path}`,
        bodies: bodies as Record<string, unknown>[],
        parameters: parameters.map(parameter),
      }
    }),
  )
}
