import { documented, flag, oneOf, seconds, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

/** The answer to `GET /v1/health`, with 200 or, degraded, with 503. */
export const healthResponse = message({
  status: documented(oneOf("ok", "degraded"), "Degraded: the store cannot commit"),
  version: documented(text(), "The broker's version"),
  uptime: documented(seconds(), "Whole seconds since it started"),
  dbConnected: documented(flag(), "Whether the store can commit"),
  auditEventsCount: documented(wholeNumber(), "How many events the trail holds"),
  auditChain: documented(oneOf("ok", "verifying", "broken"), "What is known of the trail's hash chain"),
})
