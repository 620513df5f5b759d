import { decode } from "@agentwrit/contract"
import type * as v from "valibot"
import { UsageError } from "./errors.ts"

/**
 * Reads flags as the API reads the fields of the same names, so that what it would refuse is said before any request.
 * @param wire flags by the API's names; those not given are `undefined`.
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

/** The API's words about a field, about the flag: `allowed_scope[1] must be …` is `--allowed-scope, item 2, must be …`. */
function inFlags(detail: string, field: string | undefined): string {
  if (field === undefined) return detail
  const [, name = field, index] = /^(\w+)(?:\[(\d+)\])?/.exec(field) ?? []
  const flag = `--${name.replaceAll("_", "-")}${index === undefined ? "" : `, item ${Number(index) + 1},`}`
  return (
    flag + detail.slice(field.length).replaceAll("token_ttl", "--token-ttl").replace(" (in a URL, write + as %2B)", "")
  )
}

/** Scopes, separated by commas or spaces: neither may stand in one. */
export const scopeList = (text: string | undefined): string[] | undefined =>
  text?.split(/[\s,]+/).filter((scope) => scope !== "")

/** A number where the text is one; any other text is left for the API's own words. */
export const numeric = (text: string | undefined): number | string | undefined =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : text
