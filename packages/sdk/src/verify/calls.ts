import { revocationsQuery } from "@agentwrit/contract"
import type { Call } from "../call.ts"

/** `GET /.well-known/jwks.json` */
export const jwks = {
  method: "GET",
  path: "/.well-known/jwks.json",
  repeatable: "always",
} as const satisfies Call<"jwks">

/** `GET /v1/revocations`, a page of the feed. */
export const revocations = {
  method: "GET",
  path: "/v1/revocations",
  repeatable: "always",
  query: revocationsQuery,
} as const satisfies Call<"revocations">
