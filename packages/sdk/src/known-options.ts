/**
 * Refuses options that do not exist. A misspelt one would leave out a check in silence.
 * @param names every option. The type makes the list complete.
 * @throws `TypeError`, which names the option and those that exist.
 */
export function requireKnownOptions<Options extends object>(
  of: string,
  options: Options,
  names: Readonly<Record<keyof Options & string, true>>,
): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name))
  if (unknown !== undefined)
    throw new TypeError(`${of} has no option ${JSON.stringify(unknown)}; it has: ${Object.keys(names).join(", ")}`)
}
