import type { DelegationRecord } from "@agentwrit/core"
import * as v from "valibot"
import { documented, hex, scopeList, text } from "./fields.ts"
import { type ListSchema, list } from "./list.ts"

/** A link of a delegation chain, as it was signed (CONTRACT 2, "Delegation record"). */
export const delegationRecord: v.GenericSchema<DelegationRecord> = v.looseObject({
  agent: documented(text(), "The delegator's agent id"),
  scope: documented(scopeList(), "The scopes that the delegator held"),
  delegated_at: documented(text(), "When, as RFC 3339 with milliseconds"),
  signature: documented(hex(128), "The broker's Ed25519 signature over the record"),
})

/** A token's delegation chain, the first delegator first. */
export function delegationChain(): ListSchema<v.GenericSchema<DelegationRecord>> {
  return list(delegationRecord, { message: "must be a list of delegation records" })
}
