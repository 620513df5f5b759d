import * as v from "valibot"
import { type CamelKeys, camelKeys } from "./key-case.ts"

/** The fields of a message by their wire names, each with the schema of its wire form. */
export type MessageFields = v.ObjectEntries

/** A schema that reads an object with snake_case names into one with camelCase names. */
export type CamelCased<S extends v.GenericSchema<object, object>> = v.SchemaWithPipe<
  readonly [S, v.TransformAction<v.InferOutput<S>, CamelKeys<v.InferOutput<S>>>]
>

/** What {@link message} makes. */
export type MessageSchema<F extends MessageFields> = CamelCased<v.ObjectSchema<F, v.ErrorMessage<v.ObjectIssue>>>

/** The schema of path or query parameters: a message. */
export type ParameterSchema = v.GenericSchema & { readonly entries: MessageFields }

/**
 * A JSON object with snake_case names on the wire and camelCase names in code. Members that are not named here are
 * ignored.
 *
 * @example
 * ```ts
 * const policy = message({ allowed_scope: scopeList("…"), max_ttl: seconds("…") })
 * const launchTokenResponse = message({ launch_token: hex("…", 64), expires_at: instant("…"), policy })
 * ```
 */
export function message<const F extends MessageFields>(fields: F): MessageSchema<F> {
  return camelCased(wireObject(fields))
}

/**
 * The wire form of a message. Put rules about several fields in a pipe behind it, then {@link camelCased} around the
 * pipe.
 */
export function wireObject<const F extends MessageFields>(fields: F): v.ObjectSchema<F, v.ErrorMessage<v.ObjectIssue>> {
  return v.object(fields, ({ path }) => {
    // A missing field is reported with the message of its own schema.
    const field = path && fields[String(path[0].key)]
    return field !== undefined && "message" in field && typeof field.message === "string"
      ? field.message
      : NOT_AN_OBJECT
  })
}

/** The schema of a wire form, with the names of its output converted to camelCase. */
export function camelCased<S extends v.GenericSchema<object, object>>(wire: S): CamelCased<S> {
  return v.pipe(wire, v.transform<v.InferOutput<S>, CamelKeys<v.InferOutput<S>>>(camelKeys))
}

/** Whether a schema is a message: signed documents are objects too, but their names stay as they are. */
export function isMessage(schema: object): schema is { readonly entries: MessageFields } {
  return (
    "pipe" in schema &&
    (schema.pipe as readonly object[]).some((item) => "operation" in item && item.operation === camelKeys)
  )
}

/** Whether a value is a JSON object: not null and not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

const NOT_AN_OBJECT = "must be a JSON object"
