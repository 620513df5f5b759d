import type { TokenKind } from "@agentwrit/core"
import type * as v from "valibot"
import type { ParameterSchema } from "./message.ts"
import type { ProblemCode } from "./problem.ts"

/** An HTTP method that a route answers; `GET` routes answer `HEAD` too. */
export type RouteMethod = "GET" | "POST" | "PUT" | "DELETE"

/** What a route asks of its caller: the kind of its token first, a scope second (CONTRACT 2, "Kinds"). */
export interface CallerNeeds {
  /** The kinds of token that open the route; any other is `insufficient_scope` where it names a scope, else `forbidden`. */
  readonly kinds: readonly TokenKind[]
  /** The scope that the token must cover. Absent: the route names none. */
  readonly scope?: string
}

/** An answer whose body is JSON. */
export interface JsonAnswer {
  readonly status: 200 | 201 | 503
  readonly body: v.GenericSchema
}

/** An answer whose body is something else, by its media types; the first is the default. */
export interface TextAnswer {
  readonly status: 200
  readonly mediaTypes: readonly [string, ...string[]]
}

/** An answer without a body. */
export interface EmptyAnswer {
  readonly status: 204
}

/** One endpoint of CONTRACT 3's table. */
export interface Route {
  readonly method: RouteMethod
  /** With parameters in braces: `/v1/admin/apps/{id}`. */
  readonly path: `/${string}`
  /** A few words, for lists. */
  readonly summary: string
  /** What it does and what to know of it, in Markdown. */
  readonly description: string
  /** `"none"` for a route that asks for no bearer token. */
  readonly needs: "none" | CallerNeeds
  /** Whether a success changes what the broker holds; if so it is in the audit trail. */
  readonly changesState: boolean
  /** The path's parameters; read them with `decode`. One that does not fit names nothing that exists. */
  readonly parameters?: ParameterSchema
  /** The query parameters; read them with `decodeQuery`. */
  readonly query?: ParameterSchema
  /** The body; read it with `decode`. */
  readonly request?: v.GenericSchema
  readonly success: JsonAnswer | TextAnswer | EmptyAnswer
  /** A second form of answer that is no problem document. */
  readonly otherwise?: JsonAnswer
  /** Which problems it may answer. `method_not_allowed` stands with no route: it is for methods that none has. */
  readonly problems: readonly ProblemCode[]
}
