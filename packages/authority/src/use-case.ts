import type { AuditEventType } from "@agentwrit/audit"
import type { Caller } from "./caller.ts"
import type { AuthorityContext } from "./context.ts"
import { ConflictError, UnavailableError } from "./ports/change.ts"
import { Refusal } from "./refusal.ts"
import { writeDenial } from "./trail/denial.ts"
import type { Subject } from "./trail/event.ts"

/** A use case as a function. Its first input is the {@link Caller}, except where refusals are not recorded. */
// biome-ignore lint/suspicious/noExplicitAny: the inputs of all use cases have no type in common.
type UseCase = (context: AuthorityContext, ...input: any[]) => Promise<unknown>

/** The inputs of a use case, without the context. */
export type InputOf<F> = F extends (context: AuthorityContext, ...input: infer Input) => unknown ? Input : never

/** A row of the table of use cases: the function, and how its refusals are recorded. */
export interface UseCaseRow<F> {
  readonly run: F
  /** Type of the event that records a refusal which names none. Absent: refusals are not recorded. */
  readonly deniedAs?: AuditEventType
  /** Whom the event of a refusal names, unless the refusal says so itself. */
  readonly subject?: (refusal: Refusal, input: InputOf<F>) => Subject | undefined
}

/** The table of use cases. */
export type UseCaseTable<UseCases> = { readonly [Name in keyof UseCases]: UseCaseRow<UseCases[Name]> }

/** The use cases as methods: without their context. */
export type Bound<UseCases> = {
  [Name in keyof UseCases]: UseCases[Name] extends (context: AuthorityContext, ...input: infer Input) => infer Result
    ? (...input: Input) => Result
    : never
}

/** Makes the methods of a table of use cases. */
export function bindUseCases<UseCases>(context: AuthorityContext, table: UseCaseTable<UseCases>): Bound<UseCases> {
  const rows = Object.entries(table) as [string, UseCaseRow<UseCase>][]
  const methods = rows.map(([name, row]) => [name, (...input: unknown[]) => perform(context, row, input)])
  return Object.fromEntries(methods) as Bound<UseCases>
}

/**
 * Runs a use case; the one place where its errors are handled. Records a refusal in the trail and rethrows it. Makes a
 * refusal of a store that cannot read. Runs the use case again when an app changed between its reads and its commit:
 * the conflict means that some other change was made, so the loop ends.
 */
async function perform(context: AuthorityContext, row: UseCaseRow<UseCase>, input: unknown[]): Promise<unknown> {
  for (;;) {
    try {
      return await row.run(context, ...input)
    } catch (error) {
      if (error instanceof ConflictError && error.code === "app_changed") continue
      if (error instanceof UnavailableError) throw unreadable(context, error)
      if (error instanceof Refusal && error.code !== "unavailable") await record(context, row, input, error)
      throw error
    }
  }
}

async function record(
  context: AuthorityContext,
  { deniedAs, subject }: UseCaseRow<UseCase>,
  input: unknown[],
  refusal: Refusal,
): Promise<void> {
  if (deniedAs === undefined) return
  await writeDenial(context, {
    types: refusal.events ?? [deniedAs],
    caller: input[0] as Caller,
    subject: refusal.subject ?? subject?.(refusal, input),
    reason: refusal.reason,
  })
}

/** The refusal for a store that cannot read. A commit that fails is a refusal already when it leaves `commit`. */
export function unreadable(context: AuthorityContext, cause: UnavailableError): Refusal {
  context.observer.storeFailed?.("query")
  const detail = "the broker cannot read its records at the moment"
  return new Refusal("unavailable", { detail, reason: cause.message, retryAfter: 1, cause })
}
