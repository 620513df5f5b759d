import type { DelegationRecord } from "@agentwrit/core"
import * as v from "valibot"
import { hex, scopeList, text } from "./fields.ts"

/** A record of a delegation chain, as it was signed (CONTRACT 2, "Delegation record"). */
export const delegationRecord: v.GenericSchema<DelegationRecord> = v.looseObject({
  agent: text("The delegator's agent id"),
  scope: scopeList("The scopes that the delegator held"),
  delegated_at: text("When, as RFC 3339 with milliseconds"),
  jti: v.exactOptional(hex("The jti of the token that it delegated with", 32)),
  app_id: v.exactOptional(text("The app that launched the delegator")),
  kid: v.exactOptional(text("The broker's key that signed the record")),
  signature: hex("The broker's Ed25519 signature over the record", 128),
})

/** A token's delegation chain, the first delegator first. */
export function delegationChain(description: string): v.GenericSchema<DelegationRecord[]> {
  return v.pipe(v.array(delegationRecord, "must be a list of delegation records"), v.description(description))
}
