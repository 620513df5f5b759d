import type * as v from "valibot"

/** One step of an issue's path: a wire name, or the index of an element. */
export function step(input: unknown, key: string | number): v.UnknownPathItem {
  // The value is left out on purpose: it may be a secret, and nobody needs it to name the field.
  return { type: "unknown", origin: "value", input, key, value: undefined }
}

/** The issue that a schema or rule of this package raises. Unlike valibot's own, its text never holds the received value. */
export function issueOf(
  kind: "schema" | "validation",
  { type, message, requirement }: { readonly type: string; readonly message: string; readonly requirement?: unknown },
  input: unknown,
): v.BaseIssue<unknown> {
  return { kind, type, input, expected: null, received: typeof input, message, requirement }
}

/** The dataset of a schema that accepted nothing. */
export function failure(issue: v.BaseIssue<unknown>): v.FailureDataset<v.BaseIssue<unknown>> {
  return { typed: false, value: undefined, issues: [issue] }
}

/** The same issues, seen from one level further out. */
export function under(
  at: v.UnknownPathItem,
  issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]],
): [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]] {
  const [first, ...rest] = issues
  return [moved(at, first), ...rest.map((issue) => moved(at, issue))]
}

function moved(at: v.UnknownPathItem, issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  return { ...issue, path: issue.path === undefined ? [at] : [at, ...issue.path] }
}
