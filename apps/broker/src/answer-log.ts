import type { Log } from "./log/log.ts"

/** A request that was answered. */
export interface Answered {
  readonly requestId: string
  readonly method: string
  /** The route's pattern, or `other`. The path itself could hold a secret. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

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
