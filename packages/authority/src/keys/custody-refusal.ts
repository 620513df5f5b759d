import { UnavailableError } from "../ports/change.ts"
import { Refusal } from "../refusal.ts"

/**
 * The refusal when custody cannot keep a new key. Other errors pass.
 * @param which such as `signing key`.
 */
export function custodyRefusal(which: string, error: unknown): unknown {
  if (!(error instanceof UnavailableError)) return error
  if (error.code === "read_only") return readOnlyCustody(which, error)
  return new Refusal("unavailable", {
    detail: `the broker cannot keep a new ${which} at the moment`,
    reason: error.message,
    hint: "try again once it can write its key files",
    retryAfter: 1,
    cause: error,
  })
}

/** The refusal where the broker can never replace a key, because its host keeps the file. */
export const readOnlyCustody = (which: string, cause?: UnavailableError): Refusal =>
  new Refusal("conflict", {
    detail: `this broker cannot replace its ${which}`,
    ...(cause !== undefined && { reason: cause.message, cause }),
    hint:
      "its host keeps the key read-only: move it to a folder that the broker can write, or let the host put another key " +
      "there and restart the broker",
  })
