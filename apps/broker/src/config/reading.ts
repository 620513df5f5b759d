import type { ConfigFile } from "@agentwrit/config-file"
import * as v from "valibot"
import { escapeInvisible } from "../log/escape.ts"
import type { LogContext } from "../log/log.ts"
import { VARIABLES, type Variable, type VariableValues } from "./variables.ts"

/** Something that does not stop the start, but that the operator should read. */
export interface ConfigWarning {
  readonly message: string
  readonly context?: LogContext
}

type Key = keyof VariableValues

/** The names of the variables' values. */
export const variableKeys = (): Key[] => Object.keys(VARIABLES) as Key[]

/** Reads variables from the environment and the config file, and collects what is wrong with them. */
export class Reading {
  readonly problems: string[] = []
  readonly warnings: ConfigWarning[] = []
  file: ConfigFile = { values: {}, problems: [] }
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #refused = new Set<Key>()

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  readAll(): VariableValues {
    const values = {} as { -readonly [K in Key]: VariableValues[K] }
    const read = <K extends Key>(key: K): void => {
      values[key] = this.read(key)
    }
    for (const key of variableKeys()) read(key)
    return values
  }

  /** The variable's value, or its default when it is unset or refused. */
  read<K extends Key>(key: K): VariableValues[K] {
    const variable: Variable<VariableValues[K]> = VARIABLES[key]
    const found = this.#find(key)
    if (found === undefined || this.isRefused(key)) return variable.fallback
    const { success, output } = v.safeParse(variable.schema, found.text)
    if (success) return output
    this.refuse(key, `accepted is ${variable.accepted}`)
    return variable.fallback
  }

  isSet(key: Key): boolean {
    return this.#find(key) !== undefined
  }

  isRefused(key: Key): boolean {
    return this.#refused.has(key)
  }

  /** Adds a problem, which stops the start. */
  refuse(key: Key, problem: string): void {
    this.#refused.add(key)
    this.problems.push(`${this.shown(key)}: ${problem}`)
  }

  /** The variable and its value, masked when it is secret or contains the admin secret, set here by mistake. */
  shown(key: Key): string {
    const found = this.#find(key)
    if (found === undefined) return `${VARIABLES[key].name} is unset`
    const secret = this.#find("adminSecret")?.text.trim()
    const isSecret = VARIABLES[key].secret || (secret !== undefined && secret !== "" && found.text.includes(secret))
    const value = isSecret ? '"***"' : escapeInvisible(JSON.stringify(shortened(found.text)))
    return `${found.source}=${value}`
  }

  #find(key: Key): { readonly source: string; readonly text: string } | undefined {
    const { name, fileKey } = VARIABLES[key]
    const text = this.#env[name]
    if (text !== undefined && text !== "") return { source: name, text }
    const entry = fileKey === undefined ? undefined : this.file.values[fileKey]
    if (entry === undefined || entry.text === "") return undefined
    return { source: `${name}, from config file ${this.file.path}, line ${entry.line}: ${fileKey}`, text: entry.text }
  }
}

/** At most 200 characters of a text. */
export const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
