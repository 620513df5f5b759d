import type { Findings } from "../findings.ts"
import type { Ledger } from "./ledger.ts"

/** What each check of a restarted broker works with. */
export interface Check {
  readonly url: string
  readonly admin: string
  readonly ledger: Ledger
  readonly found: Findings
}
