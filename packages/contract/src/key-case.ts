/** The camelCase form of a snake_case name: `launch_token` is `launchToken`. */
export type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

/** An object type with its own member names in camelCase. Nested objects keep theirs. */
export type CamelKeys<T> = { -readonly [K in keyof T as K extends string ? CamelCase<K> : K]: T[K] }

/** Names that were converted before. Only names of our own schemas get here, so it stays small. */
const known = new Map<string, string>()

/** The camelCase form of a snake_case name. */
export function camelCase(name: string): string {
  let camel = known.get(name)
  if (camel === undefined) {
    camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    known.set(name, camel)
  }
  return camel
}

/** The same members under camelCase names. */
export function camelKeys<T extends object>(value: T): CamelKeys<T> {
  const renamed: Record<string, unknown> = {}
  for (const name in value) renamed[camelCase(name)] = value[name]
  return renamed as CamelKeys<T>
}
