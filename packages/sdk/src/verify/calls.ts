import { revocationsQuery, validationRequest, validationResponse } from "@agentwrit/contract"
import { defineCall } from "../call.ts"

export const jwks = defineCall("GET /.well-known/jwks.json", "always", {})
export const revocations = defineCall("GET /v1/revocations", "always", { query: revocationsQuery })

/** Here and not beside the calls of agents, whose bundle would carry the schema of claims. */
export const validate = defineCall("POST /v1/token/validate", "always", {
  request: validationRequest,
  response: validationResponse,
})
