import type { Claims } from "@agentwrit/core"
import * as v from "valibot"
import { delegationChain } from "./delegation-record.ts"
import { documented, hex, oneOf, scopeList, text, wholeNumber } from "./fields.ts"

/** A token's claims, as they were signed (CONTRACT 2, "Claims"). */
export const claims: v.GenericSchema<Claims> = v.looseObject({
  iss: documented(text(), "The issuer; empty when the broker names none"),
  sub: documented(text(), "Whose token it is: admin, app:{app_id} or an agent id"),
  aud: v.exactOptional(documented(v.array(text()), "The audiences, when the broker names one")),
  exp: documented(wholeNumber(), "The first second at which it is no longer valid, in Unix time"),
  nbf: documented(wholeNumber(), "The first second at which it is valid, in Unix time"),
  iat: documented(wholeNumber(), "When it was issued, in Unix time"),
  jti: documented(hex(32), "The token's own id"),
  kind: documented(oneOf("admin", "app", "agent"), "The kind of its subject"),
  sid: v.exactOptional(documented(text(), "The session that it belongs to")),
  scope: documented(scopeList(), "What it allows"),
  task_id: v.exactOptional(documented(text(), "The agent's task")),
  orch_id: v.exactOptional(documented(text(), "The agent's orchestration")),
  delegation_chain: v.exactOptional(documented(delegationChain(), "Who delegated to whom, the first delegator first")),
  chain_hash: v.exactOptional(documented(hex(64), "SHA-256 of the delegation chain")),
})
