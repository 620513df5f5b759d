import { decode } from "@agentwrit/contract"
import type * as v from "valibot"
import { UsageError } from "./errors.ts"

/**
 * Validates flags with the API's schema, so that wrong values are reported before any request.
 * @param flags named as the API's fields, but with hyphens.
 * @param names what the command calls the flags of some fields.
 * @throws UsageError that names the flag.
 */
export function readFlags<const S extends v.GenericSchema>(
  schema: S,
  flags: Readonly<Record<string, unknown>>,
  names: FlagNames = FLAG_NAMES,
): v.InferOutput<S> {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  const read = decode(schema, Object.fromEntries(given.map(([name, value]) => [name.replaceAll("-", "_"), value])))
  if (read.ok) return read.value
  throw new UsageError(inFlags(read.detail, read.field, names))
}

/** Flags that are not named as their field. */
export type FlagNames = Readonly<Record<string, string>>

/** These fields are plural. */
const FLAG_NAMES: FlagNames = { orch_ids: "orch-id", roles: "role" }

/**
 * Rewrites the API's message about a field for the flag: `allowed_scope[1] must be …` is `--allowed-scope, item 2, must
 * be …`.
 */
function inFlags(detail: string, field: string | undefined, names: FlagNames): string {
  if (field === undefined) return detail
  const [, name = field, index] = /^(\w+)(?:\[(\d+)\])?/.exec(field) ?? []
  const flag = `--${names[name] ?? name.replaceAll("_", "-")}${index === undefined ? "" : `, item ${Number(index) + 1},`}`
  return (
    flag +
    detail
      .slice(field.length)
      .replaceAll("token_ttl", "--token-ttl")
      .replace(" (in a URL, write + as %2B)", ", or an age such as 1h")
  )
}
