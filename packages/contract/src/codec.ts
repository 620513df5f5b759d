import * as v from "valibot"
import { failure, issueOf } from "./issue.ts"
import type { SchemaFragment } from "./rule.ts"

/** How a {@link codec} reads and writes its text. */
export interface CodecOptions<T> {
  /** What is accepted, worded to follow the field's name: `must be …`. */
  readonly message: string
  /** The value that a text stands for; `undefined` for a text that is refused. */
  readonly decode: (text: string) => T | undefined
  /** The text of a value. */
  readonly encode: (value: T) => string
  /** What the text looks like, as JSON Schema. */
  readonly jsonSchema: SchemaFragment
}

/** A field that is text on the wire and another value in code, such as an instant. */
export interface CodecSchema<T> extends v.BaseSchema<string, T, v.BaseIssue<unknown>> {
  readonly type: "string"
  readonly reference: typeof codec
  readonly expects: "string"
  readonly jsonSchema: SchemaFragment
  /** The wire's text of a value. */
  readonly toWire: (value: T) => string
}

/** A schema that reads a text into a value, and back ({@link CodecSchema.toWire}). */
export function codec<T>(options: CodecOptions<T>): CodecSchema<T> {
  const { decode, encode, jsonSchema, message } = options
  return v._standardSchema<CodecSchema<T>>({
    kind: "schema",
    type: "string",
    reference: codec,
    expects: "string",
    async: false,
    jsonSchema,
    toWire: encode,
    "~run"({ value: input }) {
      const value = typeof input === "string" ? decode(input) : undefined
      return value === undefined
        ? failure(issueOf("schema", { type: "string", message }, input))
        : { typed: true, value }
    },
  })
}
