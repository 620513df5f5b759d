import { flag, oneOf, seconds, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

/** The answer to `GET /v1/health`, with 200 or, degraded, with 503. */
export const healthResponse = message({
  status: oneOf("Degraded when the store cannot commit", ["ok", "degraded"]),
  version: text("The broker's version"),
  uptime: seconds("Whole seconds since it started"),
  db_connected: flag("Whether the store can commit"),
  audit_events_count: wholeNumber("The number of events in the trail"),
  audit_chain: oneOf("The state of the trail's hash chain", ["ok", "verifying", "broken"]),
})
