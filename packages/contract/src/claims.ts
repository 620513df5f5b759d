import type { Claims } from "@agentwrit/core"
import * as v from "valibot"
import { delegationChain } from "./delegation-record.ts"
import { hex, oneOf, scopeList, text, wholeNumber } from "./fields.ts"

/** A token's claims, as they were signed (CONTRACT 2, "Claims"). */
export const claims: v.GenericSchema<Claims> = v.looseObject({
  iss: text("The issuer; empty when the broker names none"),
  sub: text("The subject: admin, app:{app_id} or an agent id"),
  aud: v.exactOptional(
    v.pipe(
      v.array(v.string("must be a string"), "must be a list of strings"),
      v.description("The audiences, when the broker names one"),
    ),
  ),
  exp: wholeNumber("Unix time from which it is no longer valid"),
  nbf: wholeNumber("Unix time from which it is valid"),
  iat: wholeNumber("Unix time at which it was issued"),
  jti: hex("The token's own id", 32),
  kind: oneOf("The kind of its subject", ["admin", "app", "agent"]),
  sid: v.exactOptional(text("The session that it belongs to")),
  scope: scopeList("What it allows"),
  task_id: v.exactOptional(text("The agent's task")),
  orch_id: v.exactOptional(text("The agent's orchestration")),
  app_id: v.exactOptional(text("The app that launched the agent")),
  cnf: v.exactOptional(
    v.pipe(
      v.looseObject({ jkt: text("RFC 7638 thumbprint of the key that the agent registered with") }),
      v.description("The key that the token is bound to (RFC 9449); absent on a bearer token"),
    ),
  ),
  delegation_chain: v.exactOptional(delegationChain("Who delegated to whom, the first delegator first")),
  chain_hash: v.exactOptional(hex("SHA-256 of the delegation chain", 64)),
})
