import type { Claims, DelegationRecord } from "@agentwrit/core"
import * as v from "valibot"
import { documented, hex, oneOf, scopeList, text, wholeNumber } from "./fields.ts"

/** A link of a delegation chain, as it was signed (CONTRACT 2, "Delegation record"). */
export const delegationRecord: v.GenericSchema<DelegationRecord> = v.looseObject({
  agent: documented(text(), "The delegator's agent id"),
  scope: documented(scopeList(), "The scopes that the delegator held"),
  delegated_at: documented(text(), "When, as RFC 3339 with milliseconds"),
  signature: documented(hex(128), "The broker's Ed25519 signature over the record"),
})

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
  delegation_chain: v.exactOptional(
    documented(v.array(delegationRecord), "Who delegated to whom, the first delegator first"),
  ),
  chain_hash: v.exactOptional(documented(hex(64), "SHA-256 of the delegation chain")),
})
