import { Refusal } from "../refusal.ts"

/** The one answer to every failed proof of a registration: it must not tell a stranger which launch tokens exist. */
export function rejectRegistration(reason: string): Refusal {
  return new Refusal("unauthorized", {
    detail: "registration failed",
    reason,
    hint: "use an unspent launch token, and sign the 32 decoded bytes of a fresh nonce",
  })
}
