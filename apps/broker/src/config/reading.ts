import { type ConfigFile, PrivateFileError, readSecretFile } from "@agentwrit/config-file"
import * as v from "valibot"
import { escapeInvisible } from "../log/escape.ts"
import type { LogContext } from "../log/log.ts"
import { fileVariable, VARIABLES, type Variable, type VariableValues } from "./variables.ts"

/** Something that does not stop the start, but that the operator should read. */
export interface ConfigWarning {
  readonly message: string
  readonly context?: LogContext
}

type Key = keyof VariableValues

/** The text of a variable. */
interface Found {
  /** Where it comes from, as messages tell it. */
  readonly source: string
  readonly text: string
  /** Why there is no text: its file cannot be used, or it is set twice. */
  readonly fault?: string
  /** `source` names a file, so the masked text is not shown after it. */
  readonly isFromFile?: true
}

/** Reads variables from the environment and the config file, and collects what is wrong with them. */
export class Reading {
  readonly problems: string[] = []
  readonly warnings: ConfigWarning[] = []
  file: ConfigFile = { values: {}, problems: [] }
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #refused = new Set<Key>()
  /** Characters of accepted values that were probably not meant. */
  readonly #stray = new Map<Key, string>()
  /** What was read from files of secrets. */
  readonly #secrets = new Map<Key, Found>()

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  readAll(): VariableValues {
    const values = {} as { -readonly [K in Key]: VariableValues[K] }
    const read = <K extends Key>(key: K): void => {
      values[key] = this.read(key)
    }
    for (const key of Object.keys(VARIABLES) as Key[]) read(key)
    return values
  }

  /** The variable's value, or its default when it is unset or refused. */
  read<K extends Key>(key: K): VariableValues[K] {
    const variable: Variable<VariableValues[K]> = VARIABLES[key]
    const found = this.#find(key)
    if (found === undefined || this.isRefused(key)) return variable.fallback
    if (found.fault !== undefined) {
      this.refuse(key, found.fault)
      return variable.fallback
    }
    const { success, output } = v.safeParse(variable.schema, found.text)
    const stray = strayPart(found.text)
    if (!success) this.refuse(key, `${stray === undefined ? "" : `${stray}; `}accepted is ${variable.accepted}`)
    else if (stray !== undefined) this.#stray.set(key, stray)
    return success ? output : variable.fallback
  }

  /** What is probably not meant in accepted values, and may be why another one is refused. */
  get strayParts(): string[] {
    return [...this.#stray]
      .filter(([key]) => !this.isRefused(key))
      .map(([key, stray]) => `${this.shown(key)}: ${stray}, as part of the value`)
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
    if (found.isFromFile) return found.source
    const secret = this.#find("adminSecret")?.text.trim()
    const isSecret = VARIABLES[key].secret || (secret !== undefined && secret !== "" && found.text.includes(secret))
    const value = isSecret ? '"***"' : escapeInvisible(JSON.stringify(shortened(found.text)))
    return `${found.source}=${value}`
  }

  #find(key: Key): Found | undefined {
    const variable = VARIABLES[key]
    const { name, fileKey } = variable
    const text = this.#set(name)
    const inFile = fileVariable(variable)
    const path = inFile === undefined ? undefined : this.#set(inFile)
    if (text !== undefined && path !== undefined)
      return { source: name, text, fault: `${inFile} is set too; accepted is one of the two` }
    if (text !== undefined) return { source: name, text }
    if (path !== undefined) return this.#readSecret(key, `${inFile}=${shownPath(path)}`, path)
    const entry = fileKey === undefined ? undefined : this.file.values[fileKey]
    if (entry === undefined || entry.text === "") return undefined
    return { source: `${name}, from config file ${this.file.path}, line ${entry.line}: ${fileKey}`, text: entry.text }
  }

  /** The variable's value; empty is unset. */
  #set(name: string): string | undefined {
    return this.#env[name] || undefined
  }

  #readSecret(key: Key, source: string, path: string): Found {
    const known = this.#secrets.get(key)
    if (known !== undefined) return known
    let found: Found
    try {
      found = { source, text: readSecretFile(path), isFromFile: true }
    } catch (error) {
      if (!(error instanceof PrivateFileError)) throw error
      const fault = `the file ${error.message}; accepted is the path of a file that holds the secret alone`
      found = { source, text: "", fault, isFromFile: true }
    }
    this.#secrets.set(key, found)
    return found
  }
}

/** A value without a slash is probably the secret itself, set here by mistake. */
const shownPath = (path: string): string =>
  /^\.{0,2}\//.test(path) ? escapeInvisible(JSON.stringify(shortened(path))) : '"***"'

/** What a shell, an editor or an environment file added to a value. */
function strayPart(text: string): string | undefined {
  if (/[\r\n]$/.test(text)) return "it ends with a line break"
  if (/^\ufeff/.test(text)) return "it begins with a byte order mark"
  if (text.trim() !== text) return "it begins or ends with a blank"
  return /^(["'`]).*\1$/s.test(text) ? "it is in quotes" : undefined
}

/** At most 200 characters of a text. */
export const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
