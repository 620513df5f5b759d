import fc, { type Arbitrary } from "fast-check"

/** A JSON Schema of the OpenAPI document. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly oneOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
}

/** Resolves a `$ref`. */
export type Resolve = (reference: string) => JsonSchema

/** Values that the schema allows. Keywords that our requests do not use are ignored. */
export function valuesOf(schema: JsonSchema, resolve: Resolve): Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valuesOf(resolve(schema.$ref), resolve)
  if ("const" in schema) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.oneOf !== undefined) return fc.oneof(...schema.oneOf.map((one) => valuesOf(one, resolve)))
  const { type } = schema
  if (Array.isArray(type)) return fc.oneof(...type.map((one: string) => valuesOf({ ...schema, type: one }, resolve)))
  switch (type) {
    case "object": {
      const members = Object.entries(schema.properties ?? {}).map(
        ([name, one]) => [name, valuesOf(one, resolve)] as const,
      )
      return fc.record(Object.fromEntries(members), { requiredKeys: [...(schema.required ?? [])] })
    }
    case "array":
      return fc.array(valuesOf(schema.items ?? {}, resolve), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 4, 4),
      })
    case "integer":
    case "number":
      return fc.integer({ min: schema.minimum ?? -1000, max: Math.min(schema.maximum ?? 100_000, 100_000) })
    case "null":
      return fc.constant(null)
    case "boolean":
      return fc.boolean()
    case "string":
      return texts(schema)
    default:
      return fc.jsonValue()
  }
}

function texts({ pattern, format, minLength = 0, maxLength = 300 }: JsonSchema): Arbitrary<string> {
  if (format === "date-time")
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((at) => at.toISOString())
  if (pattern === undefined) return fc.string({ minLength, maxLength: Math.min(maxLength, 300), unit: "binary" })
  // The generator does not support lookaheads: filter out what they exclude.
  const allowed = new RegExp(pattern)
  return fc
    .stringMatching(new RegExp(pattern.replaceAll(/\(\?![^()]*(?:\([^()]*\)[^()]*)*\)/g, "")), {
      maxLength: Math.min(maxLength, 200),
    })
    .filter((text) => allowed.test(text) && text.length >= minLength)
}

/** The value with one part replaced or left out. */
export function broken(value: unknown): Arbitrary<unknown> {
  const something = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      null,
      "",
      [],
      {},
      -1,
      0,
      1.5,
      2 ** 53,
      1e308,
      true,
      "\u0000",
      "x".repeat(3000),
      "*",
      "admin:revoke:*",
    ),
  )
  if (typeof value !== "object" || value === null || Array.isArray(value)) return something
  const names = Object.keys(value)
  if (names.length === 0) return something
  return fc
    .tuple(fc.constantFrom(...names), something, fc.boolean())
    .map(([name, other, drop]) =>
      Object.fromEntries(
        Object.entries(value).flatMap(([key, one]) => (key !== name ? [[key, one]] : drop ? [] : [[key, other]])),
      ),
    )
}
