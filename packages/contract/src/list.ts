import * as v from "valibot"
import { failure, issueOf, step, under } from "./issue.ts"
import type { SchemaFragment } from "./rule.ts"

/** The bounds and the wording of a {@link list}. */
export interface ListOptions {
  /** Default 0. */
  readonly minItems?: number
  /** Default: any number. */
  readonly maxItems?: number
  /** What is accepted, worded to follow the field's name: `must be a list of …`. */
  readonly message: string
}

/** A JSON array of like items. */
export interface ListSchema<TItem extends v.GenericSchema>
  extends v.BaseSchema<v.InferInput<TItem>[], v.InferOutput<TItem>[], v.BaseIssue<unknown>> {
  readonly type: "array"
  readonly reference: typeof list
  readonly expects: "Array"
  readonly item: TItem
  readonly jsonSchema: SchemaFragment
}

/**
 * An array whose length is checked before its items are looked at: valibot's own array checks every item first, so that a
 * megabyte of short scopes would be parsed only to be refused for its length.
 */
export function list<TItem extends v.GenericSchema>(item: TItem, options: ListOptions): ListSchema<TItem> {
  const { message, ...bounds } = options
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = bounds
  return v._standardSchema<ListSchema<TItem>>({
    kind: "schema",
    type: "array",
    reference: list,
    expects: "Array",
    async: false,
    item,
    jsonSchema: bounds,
    "~run"({ value: input }, config) {
      if (!Array.isArray(input) || input.length < minItems || input.length > maxItems)
        return failure(issueOf("schema", { type: "array", message }, input))
      const output: v.InferOutput<TItem>[] = []
      for (const [index, value] of input.entries()) {
        const dataset = item["~run"]({ value }, config)
        if (dataset.issues) return { typed: false, value: undefined, issues: under(step(input, index), dataset.issues) }
        output.push(dataset.value)
      }
      return { typed: true, value: output }
    },
  })
}
