import type { Credential } from "@agentwrit/authority"
import type { Route } from "@agentwrit/contract"
import type { Answer, Exchange, ProblemParts } from "../http/answer.ts"

/** How a group of routes speaks HTTP: what a credential, a body and an error look like. A route names its protocol. */
export interface Protocol {
  /** The token that a request presents, with its proof when it came by DPoP; `undefined` when there is none. */
  credential(request: CredentialRequest): Credential | undefined
  /** Reads a body by the route's schema. */
  decodeBody(schema: NonNullable<Route["request"]>, body: Uint8Array): DecodedBody
  /** The answer to a request that cannot be fulfilled. */
  renderProblem(exchange: Exchange, parts: ProblemParts): Answer
}

/** The parts of a request that a credential is read from. */
export interface CredentialRequest {
  readonly method: string
  /** As clients know it; `undefined`: the broker does not know. */
  readonly publicUrl: string | undefined
  header(name: string): string | undefined
}

/** A body as its schema reads it, or why it does not fit. */
export type DecodedBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: "invalid_request" | "invalid_ttl"; readonly detail: string }
