import { decode } from "@agentwrit/contract"
import type * as v from "valibot"
import { UsageError } from "./errors.ts"

/**
 * Validates flags with the API's schema, so that wrong values are reported before any request.
 * @param wire flags by the API's field names; `undefined` for flags that are not given.
 * @throws UsageError that names the flag.
 */
export function readFlags<const S extends v.GenericSchema>(
  schema: S,
  wire: Readonly<Record<string, unknown>>,
): v.InferOutput<S> {
  const read = decode(schema, Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined)))
  if (read.ok) return read.value
  throw new UsageError(inFlags(read.detail, read.field))
}

/** Rewrites the API's message about a field for the flag: `allowed_scope[1] must be …` is `--allowed-scope, item 2, must be …`. */
function inFlags(detail: string, field: string | undefined): string {
  if (field === undefined) return detail
  const [, name = field, index] = /^(\w+)(?:\[(\d+)\])?/.exec(field) ?? []
  const flag = `--${name.replaceAll("_", "-")}${index === undefined ? "" : `, item ${Number(index) + 1},`}`
  return (
    flag + detail.slice(field.length).replaceAll("token_ttl", "--token-ttl").replace(" (in a URL, write + as %2B)", "")
  )
}

/** Splits scopes at commas and spaces. */
export const scopeList = (text: string | undefined): string[] | undefined =>
  text?.split(/[\s,]+/).filter((scope) => scope !== "")

/** A number if the text is one. The API's schema reports any other text. */
export const numeric = (text: string | undefined): number | string | undefined =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : text
