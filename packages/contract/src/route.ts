import type { TokenKind } from "@agentwrit/core"
import type * as v from "valibot"
import type { ParameterSchema } from "./message.ts"
import type { ProblemCode } from "./problem.ts"

/** The HTTP method of a route; `GET` routes also answer `HEAD`. */
export type RouteMethod = "GET" | "POST" | "PUT" | "DELETE"

/** What a route requires of its caller: first the kind of its token, then a scope (CONTRACT 2, "Kinds"). */
export interface CallerNeeds {
  /**
   * The kinds of token that the route accepts. Any other is `insufficient_scope` if it names a scope, else `forbidden`.
   */
  readonly kinds: readonly TokenKind[]
  /** The scope that the token must cover. Absent: none is required. */
  readonly scope?: string
}

/** An answer whose body is JSON. */
export interface JsonAnswer {
  readonly status: 200 | 201 | 503
  readonly body: v.GenericSchema
}

/** An answer with another body, by its media types; the first is the default. */
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
  /** What it does, in Markdown. */
  readonly description: string
  /** `"none"` for a route that requires no bearer token. */
  readonly needs: "none" | CallerNeeds
  /** What an open route requires where the operator closed it. */
  readonly needsWhenClosed?: CallerNeeds
  /** Whether a success changes the broker's state, and so leaves an audit event. */
  readonly changesState: boolean
  /** The path's parameters; read them with `decode`. A value that is refused names nothing that exists. */
  readonly parameters?: ParameterSchema
  /** The query parameters; read them with `decodeQuery`. */
  readonly query?: ParameterSchema
  /** The body; read it with `decode`. */
  readonly request?: v.GenericSchema
  /** Whether the body may be absent: then it reads as an empty object. */
  readonly isBodyOptional?: true
  readonly success: JsonAnswer | TextAnswer | EmptyAnswer
  /** A second form of answer, which is not a problem document. */
  readonly otherwise?: JsonAnswer
  /**
   * The problems that it may answer. `method_not_allowed` is on no route: it answers methods that the path does not
   * have.
   */
  readonly problems: readonly ProblemCode[]
}
