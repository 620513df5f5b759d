import type { AuthorityContext } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { UnavailableError } from "./store.ts"

/** The outcome of a query of the store; one that failed is told to the host, and one that found no place is a refusal. */
export async function read<Result>({ observer }: AuthorityContext, query: Promise<Result>): Promise<Result> {
  try {
    return await query
  } catch (error) {
    observer.storeFailed?.("query")
    if (!(error instanceof UnavailableError)) throw error
    throw new Refusal("unavailable", {
      detail: "the broker cannot read its records at the moment",
      reason: error.message,
      retryAfter: 1,
      cause: error,
    })
  }
}
