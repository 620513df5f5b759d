import * as v from "valibot"
import { failure, issueOf, step, under } from "./issue.ts"

/** The fields of a message: their names in camelCase, and the schema of each one's wire form. */
export type MessageFields = v.ObjectEntries

/** The wire's name of a field: `launchToken` is `launch_token`. */
export type SnakeCase<Name extends string> = Name extends `${infer Head}${infer Tail}`
  ? Head extends Lowercase<Head>
    ? `${Head}${SnakeCase<Tail>}`
    : `_${Lowercase<Head>}${SnakeCase<Tail>}`
  : Name

/** The fields of a message by their wire names. */
export type WireFields<F extends MessageFields> = { [K in keyof F & string as SnakeCase<K>]: F[K] }

/** What a message is on the wire, in snake_case. */
export type WireOf<F extends MessageFields> = Flat<
  { [K in keyof F & string as F[K] extends OptionalField ? never : SnakeCase<K>]: v.InferInput<F[K]> } & {
    [K in keyof F & string as F[K] extends OptionalField ? SnakeCase<K> : never]?: v.InferInput<F[K]>
  }
>

/** What a message is in code, in camelCase and with its defaults filled in. */
export type ValueOf<F extends MessageFields> = Flat<
  { -readonly [K in keyof F as F[K] extends AbsentField ? never : K]: v.InferOutput<F[K]> } & {
    -readonly [K in keyof F as F[K] extends AbsentField ? K : never]?: v.InferOutput<F[K]>
  }
>

/** A field that the wire may leave out. */
export interface OptionalField {
  readonly type: "exact_optional" | "optional"
}

/** A field that has no value when the wire leaves it out. */
interface AbsentField extends OptionalField {
  readonly default: undefined
}

/** The same type with its intersections worked out, for readable errors. */
export type Flat<T> = { [K in keyof T]: T[K] } & {}

/** A valibot schema of the wire form whose output is the camelCase form. */
export interface MessageSchema<F extends MessageFields>
  extends v.BaseSchema<WireOf<F>, ValueOf<F>, v.BaseIssue<unknown>> {
  // "object" with `entries` is what valibot's variant, and the JSON Schema generator, take an object to look like.
  readonly type: "object"
  readonly reference: typeof message
  readonly expects: "Object"
  /** By wire name. */
  readonly entries: WireFields<F>
  /** By the name in code. */
  readonly fields: F
}

const CAMEL_CASE = /^[a-z][a-zA-Z0-9]*$/

/** The wire's name of a field. Every capital letter starts a word. */
export function wireName(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)
}

/** What a JSON object, and nothing else that JavaScript calls one, looks like. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/**
 * A JSON object whose names are snake_case on the wire and camelCase in code: the one place where the two meet. Write the
 * fields in camelCase; the wire names follow. Members that are not named here are ignored, `__proto__` among them.
 *
 * A message is a valibot schema, so it nests in messages, lists and variants. {@link decode} reads one, {@link encode}
 * writes one.
 *
 * @example
 * ```ts
 * const policy = message({ allowedScope: scopes, maxTtl: ttl({ min: 1 }) })
 * const launchTokenResponse = message({ launchToken: text(), expiresAt: instant(), policy })
 * ```
 * @throws TypeError for a name that is not camelCase
 */
export function message<const F extends MessageFields>(fields: F): MessageSchema<F> {
  const plan: FieldPlan[] = []
  const entries: Record<string, v.ObjectEntries[string]> = {}
  for (const [name, schema] of Object.entries(fields)) {
    if (!CAMEL_CASE.test(name)) throw new TypeError(`message: ${name} is not a camelCase name`)
    const wire = wireName(name)
    entries[wire] = schema
    plan.push({ name, wire, schema, optional: isOptional(schema), fallback: v.getDefault(schema) })
  }
  return v._standardSchema<MessageSchema<F>>({
    kind: "schema",
    type: "object",
    reference: message,
    expects: "Object",
    async: false,
    entries: entries as WireFields<F>,
    fields,
    "~run"({ value: input }, config) {
      if (!isRecord(input)) return failure(issueOf("schema", NOT_AN_OBJECT, input))
      const output: Record<string, unknown> = {}
      let issues: Issues | undefined
      for (const { name, wire, schema, optional, fallback } of plan) {
        const present = Object.hasOwn(input, wire)
        if (!present && optional) {
          if (fallback !== undefined) output[name] = fallback
          continue
        }
        const dataset = schema["~run"]({ value: present ? input[wire] : undefined }, config)
        if (dataset.issues) {
          const found = under(present ? step(input, wire) : { ...step(input, wire), origin: "key" }, dataset.issues)
          if (config.abortEarly) return { typed: false, value: undefined, issues: found }
          issues = issues ? [...issues, ...found] : found
        } else output[name] = dataset.value
      }
      if (issues) return { typed: false, value: undefined, issues }
      // The fields were read by the schemas that the type is made of; TypeScript cannot follow the loop.
      const value: unknown = output
      return { typed: true, value: value as ValueOf<F> }
    },
  })
}

type Issues = [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]

interface FieldPlan {
  readonly name: string
  readonly wire: string
  readonly schema: v.ObjectEntries[string]
  readonly optional: boolean
  /** What an absent optional field is. */
  readonly fallback: unknown
}

const NOT_AN_OBJECT = { type: "object", message: "must be a JSON object" }

function isOptional(schema: { readonly type: string }): boolean {
  return schema.type === "exact_optional" || schema.type === "optional"
}
