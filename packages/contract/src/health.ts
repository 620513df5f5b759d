import * as v from "valibot"
import { flag, oneOf, seconds, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

const brokerState = message({
  id: text("The broker's id, new with each start"),
  version: text("Its version"),
  lease: wholeNumber("Milliseconds for which its lease still holds, unless it renews it"),
  applied: wholeNumber("The position up to which it has applied the revocation log"),
})

/** The answer to `GET /v1/health`, with 200 or, degraded, with 503. */
export const healthResponse = message({
  status: oneOf("Degraded when the store cannot commit", ["ok", "degraded"]),
  version: text("The broker's version"),
  uptime: seconds("Whole seconds since it started"),
  db_connected: flag("Whether the store can commit"),
  audit_events_count: wholeNumber("The number of events in the trail"),
  brokers: v.optional(
    v.pipe(
      v.array(brokerState, "must be a list of brokers"),
      v.description("The brokers that share the store, if any"),
    ),
  ),
  audit_chain: oneOf("The state of the trail's hash chain", ["ok", "verifying", "broken"]),
})
