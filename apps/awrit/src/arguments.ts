/** One flag or positional argument of a command. */
export interface Argument {
  /**
   * The value of a `number` flag is a whole number, that of a `list` flag is separated by commas or spaces. `rest` is
   * every word after `--`.
   */
  readonly type: "string" | "number" | "list" | "boolean" | "positional" | "rest"
  readonly description: string
  /** A one-letter form, such as `h` for `-h`. */
  readonly short?: string
  /** The name of the value in help, such as `SECONDS`. */
  readonly value?: string
  /** The accepted values, for help and completion. The command itself refuses others. */
  readonly choices?: readonly string[]
}

/** A command's arguments by their kebab-case names. */
export type Arguments = Readonly<Record<string, Argument>>

/** The given values, by exactly the declared names: a mistyped name does not compile. */
export type Given<A extends Arguments> = { readonly [Name in keyof A]: Values[A[Name]["type"]] }

/** What each type of argument gives. */
export interface Values {
  readonly string: string | undefined
  readonly positional: string | undefined
  /** Any other text stays one: the API's schema refuses it. */
  readonly number: number | string | undefined
  readonly list: readonly string[] | undefined
  readonly boolean: boolean
  readonly rest: readonly string[]
}

/** Whether it is a flag, not a word. */
export const isFlag = ({ type }: Argument): boolean => type !== "positional" && type !== "rest"

/** Splits a list at commas and blanks. */
export const listOf = (text: string | undefined): string[] | undefined =>
  text?.split(/[\s,]+/).filter((part) => part !== "")
