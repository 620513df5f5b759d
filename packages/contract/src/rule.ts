import type * as v from "valibot"
import { issueOf, step } from "./issue.ts"
import type { ProblemCode } from "./problem.ts"

/** A fragment of JSON Schema (draft 2020-12) that says of a value what its parser checks. */
export interface SchemaFragment {
  readonly [keyword: string]: string | number | boolean | readonly (string | SchemaFragment)[]
}

/** What a {@link rule} says and documents. */
export interface RuleOptions {
  /** What is accepted, worded to follow the field's name: `must be …`. Never holds the received value. */
  readonly message: string
  /** The problem that breaking it is, when that is not `invalid_request`. */
  readonly code?: ProblemCode
  /** Under which wire name to report a rule about a whole message. */
  readonly field?: string
  /** The same rule as JSON Schema, so that the OpenAPI document promises what the parser holds. */
  readonly jsonSchema?: SchemaFragment
}

/** A check of a pipe that carries its own wording, problem code and JSON Schema. */
export interface Rule<T> extends v.BaseValidation<T, T, v.BaseIssue<T>> {
  readonly type: "rule"
  readonly reference: typeof rule
  readonly expects: null
  readonly requirement: RuleOptions
  readonly jsonSchema: SchemaFragment
}

/** A check for valibot's `pipe`: `test` holds of every accepted value. */
export function rule<T>(test: (value: T) => boolean, options: RuleOptions): Rule<T> {
  const { field, jsonSchema = {}, message } = options
  return {
    kind: "validation",
    type: "rule",
    reference: rule,
    async: false,
    expects: null,
    requirement: options,
    jsonSchema,
    "~run"(dataset) {
      if (!dataset.typed || test(dataset.value)) return dataset
      const input = dataset.value
      const issue = {
        ...issueOf("validation", { type: "rule", message, requirement: options }, input),
        input,
        ...(field !== undefined && { path: [step(input, field)] satisfies v.BaseIssue<T>["path"] }),
      }
      return { typed: true, value: input, issues: dataset.issues ? [...dataset.issues, issue] : [issue] }
    },
  }
}
