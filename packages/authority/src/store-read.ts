import type { AuthorityContext } from "./context.ts"

/** Tells the host of a query of the store that failed, which is thrown on. */
export async function read<Result>({ observer }: AuthorityContext, query: Promise<Result>): Promise<Result> {
  try {
    return await query
  } catch (error) {
    observer.storeFailed?.("query")
    throw error
  }
}
