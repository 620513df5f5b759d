import * as v from "valibot"
import { failure, issueOf, step } from "./issue.ts"
import { isRecord } from "./message.ts"

/** A message of which one field, of the same one-word name on the wire and in code, tells the form. */
export interface VariantOption<K extends string> extends v.GenericSchema<unknown, unknown> {
  readonly fields: Readonly<Record<K, { readonly literal: string | boolean }>>
}

/** One of several messages, told apart by a literal field. */
export interface VariantSchema<K extends string, O extends readonly VariantOption<K>[]>
  extends v.BaseSchema<v.InferInput<O[number]>, v.InferOutput<O[number]>, v.BaseIssue<unknown>> {
  readonly type: "variant"
  readonly reference: typeof variant
  readonly expects: "Object"
  readonly key: K
  readonly options: O
  /** The message that this value, in code, is of. @throws TypeError when it is of none. */
  readonly optionOf: (value: unknown) => O[number]
}

/** A schema that reads by the message whose literal the field `key` holds. `accepted` words a fault of that field. */
export function variant<K extends string, const O extends readonly VariantOption<K>[]>(
  key: K,
  options: O,
  accepted: string,
): VariantSchema<K, O> {
  const byTag: ReadonlyMap<unknown, O[number]> = new Map(options.map((option) => [option.fields[key].literal, option]))
  return v._standardSchema<VariantSchema<K, O>>({
    kind: "schema",
    type: "variant",
    reference: variant,
    expects: "Object",
    async: false,
    key,
    options,
    optionOf(value) {
      const option = isRecord(value) ? byTag.get(value[key]) : undefined
      if (option === undefined) throw new TypeError(`encode: no variant has this ${key}`)
      return option
    },
    "~run"(dataset, config) {
      const input = dataset.value
      if (!isRecord(input))
        return failure(issueOf("schema", { type: "variant", message: "must be a JSON object" }, input))
      const present = Object.hasOwn(input, key)
      const option = present ? byTag.get(input[key]) : undefined
      if (option !== undefined) return option["~run"](dataset, config)
      const issue = issueOf("schema", { type: "variant", message: accepted }, input)
      return failure({ ...issue, path: [{ ...step(input, key), origin: present ? "value" : "key" }] })
    },
  })
}
