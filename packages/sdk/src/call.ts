import type { Routes } from "@agentwrit/contract"
import type * as v from "valibot"

/** A route of the contract's table, by method and path. */
type RouteKey = KeyOf<Routes[keyof Routes]>
type RouteOf<K> = { [N in keyof Routes]: K extends KeyOf<Routes[N]> ? Routes[N] : never }[keyof Routes]
type KeyOf<R> = R extends { readonly method: infer M extends string; readonly path: infer P extends string }
  ? `${M} ${P}`
  : never

/**
 * When a failed call is sent again: `always` where a second one does no harm; `unprocessed` only when the broker
 * certainly did nothing, because it said so or was never reached; `in-turn` as `always`, and a 429 is waited for as
 * long as the broker says.
 */
export type Repeatable = "always" | "unprocessed" | "in-turn"

/** The schemas of a call. */
interface Schemas<R> {
  readonly request?: PartOf<R, "request">
  /** The fields of the request whose option has another name. */
  readonly names?: Readonly<Record<string, string>>
  readonly query?: PartOf<R, "query">
  /** The answer, or the part of it that is read. Absent for an answer that is not JSON. */
  readonly response?: Reading<R extends { readonly success: infer S } ? PartOf<S, "body"> : never>
  /** A status beside success whose answer has the same form, unless it is a problem document. */
  readonly otherwise?: R extends { readonly otherwise: { readonly status: infer S } } ? S : never
}

type PartOf<R, K extends string> = R extends { readonly [_ in K]: infer S extends v.GenericSchema } ? S : never
type Reading<S> = S extends v.GenericSchema ? v.GenericSchema<unknown, Partial<v.InferOutput<S>>> | S : never

/** A route as this package calls it. */
export interface Call extends Schemas<Routes[keyof Routes]> {
  readonly method: string
  readonly path: string
  readonly repeatable: Repeatable
}

/**
 * Defines a call of a route. The contract's table holds the schemas and texts of the whole API and would enlarge every
 * bundle, so each call imports its own schemas; the types compare them with the table.
 */
/* @__NO_SIDE_EFFECTS__ */
export function defineCall<const K extends RouteKey, const S extends Schemas<RouteOf<K>>>(
  route: K,
  repeatable: Repeatable,
  schemas: S,
): S & Pick<Call, "method" | "path" | "repeatable"> {
  const [method = "", path = ""] = route.split(" ")
  return { method, path, repeatable, ...schemas }
}
