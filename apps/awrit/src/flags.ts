import { decode } from "@agentwrit/contract"
import type * as v from "valibot"
import { UsageError } from "./errors.ts"

/**
 * Validates flags with the API's schema, so that wrong values are reported before any request.
 * @param flags named as the API's fields, but with hyphens.
 * @throws UsageError that names the flag.
 */
export function readFlags<const S extends v.GenericSchema>(
  schema: S,
  flags: Readonly<Record<string, unknown>>,
): v.InferOutput<S> {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  const read = decode(schema, Object.fromEntries(given.map(([name, value]) => [name.replaceAll("-", "_"), value])))
  if (read.ok) return read.value
  throw new UsageError(inFlags(read.detail, read.field))
}

/** Flags that are not named as their field, which is plural. */
const SINGULAR: Readonly<Record<string, string>> = { orch_ids: "orch-id", roles: "role" }

/**
 * Rewrites the API's message about a field for the flag: `allowed_scope[1] must be …` is `--allowed-scope, item 2, must
 * be …`.
 */
function inFlags(detail: string, field: string | undefined): string {
  if (field === undefined) return detail
  const [, name = field, index] = /^(\w+)(?:\[(\d+)\])?/.exec(field) ?? []
  const flag = `--${SINGULAR[name] ?? name.replaceAll("_", "-")}${index === undefined ? "" : `, item ${Number(index) + 1},`}`
  return (
    flag + detail.slice(field.length).replaceAll("token_ttl", "--token-ttl").replace(" (in a URL, write + as %2B)", "")
  )
}
