import { revocationsQuery } from "@agentwrit/contract"
import { defineCall } from "../call.ts"

export const jwks = defineCall("GET /.well-known/jwks.json", "always", {})
export const revocations = defineCall("GET /v1/revocations", "always", { query: revocationsQuery })
