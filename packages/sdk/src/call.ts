import type { Routes } from "@agentwrit/contract"
import type * as v from "valibot"

/** The name of a route in the contract's table. */
export type RouteName = keyof Routes

/**
 * When a call may be sent again: `always` where doing it twice does no harm; `refused` where it may be repeated only when the
 * broker certainly did nothing, because it said so or was never reached.
 */
export type Repeatable = "always" | "refused"

/**
 * A route as this package calls it. The contract's table holds the schemas and texts of the whole API and would weigh down every
 * bundle, so each call names its own schemas; `satisfies Call<"register">` holds it to the table.
 */
export interface Call<N extends RouteName = RouteName> {
  readonly method: Routes[N]["method"]
  readonly path: Routes[N]["path"]
  readonly repeatable: Repeatable
  readonly request?: PartOf<Routes[N], "request">
  readonly query?: PartOf<Routes[N], "query">
  /** The answer's schema, or one of what is read of it; absent for an answer that is not JSON. */
  readonly response?: Reading<PartOf<Routes[N]["success"], "body">>
  /** A status beside success whose answer has the same form, where it is no problem document. */
  readonly otherwise?: OtherwiseOf<Routes[N]>
}

type PartOf<R, K extends string> = R extends { readonly [_ in K]: infer S extends v.GenericSchema } ? S : never

type OtherwiseOf<R> = R extends { readonly otherwise: { readonly status: infer S } } ? S : never

type Reading<S> = S extends v.GenericSchema ? v.GenericSchema<unknown, Partial<v.InferOutput<S>>> | S : never
