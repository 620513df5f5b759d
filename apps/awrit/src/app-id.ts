import { appParameters, decode } from "@agentwrit/contract"
import { UsageError } from "./errors.ts"

/** Checks an app id from the command line. @throws UsageError that names the argument. */
export function appIdOf(given: string | undefined, where: string): string {
  if (given === undefined) throw new UsageError(`${where} is missing: give an app id such as app-billing-1a2b3c`)
  const read = decode(appParameters, { id: given })
  if (!read.ok) throw new UsageError(`${where} ${read.detail.slice("id ".length)}`)
  return read.value.id
}
