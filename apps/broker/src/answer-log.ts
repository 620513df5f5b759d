import type { Answered } from "./http/middleware.ts"
import type { Log } from "./log/log.ts"

/** Logs each answer at level `trace`. */
export function answerLog(log: Log): (answered: Answered) => void {
  return ({ requestId, method, route, status, seconds }) =>
    log.trace("http", "answered", {
      request_id: requestId,
      method,
      route,
      status,
      milliseconds: Math.round(seconds * 1e6) / 1000,
    })
}
