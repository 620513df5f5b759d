import { mkdirSync, readdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import {
  codeOf,
  formatKeyValues,
  type KeyValues,
  PrivateFileError,
  parseKeyValues,
  readPrivateFile,
  userConfigPath,
  writeWhole,
} from "@agentwrit/config-file"
import { CommandError, UsageError } from "./errors.ts"

/** The keys of a context's file. The secret itself is not one: the file names where it is. */
const CONTEXT_KEYS = ["BROKER_URL", "CA", "CERT", "KEY", "ADMIN_SECRET_FILE", "ADMIN_SECRET_ENV"] as const

/** One of {@link CONTEXT_KEYS}. */
export type ContextKey = (typeof CONTEXT_KEYS)[number]

/** A named broker: its URL, the files for TLS, and where its admin secret is. */
export interface BrokerContext {
  readonly name: string
  readonly path: string
  readonly values: KeyValues<ContextKey>
}

const NAME = /^[A-Za-z0-9][\w-]{0,63}$/

const MAX_BYTES = 64 * 1024

/** A context. @throws CommandError when its file is missing, unsafe or invalid. */
export function readContext(name: string): BrokerContext {
  const path = pathOf(name)
  const bytes = read(path)
  if (bytes === undefined)
    throw new CommandError(`there is no context ${name}: awrit context list shows them, awrit context set makes one`)
  const { problems, values } = parseKeyValues(bytes, `context file ${path}`, CONTEXT_KEYS)
  if (problems.length > 0) throw new CommandError(problems.join("; "))
  if (!values.BROKER_URL?.text)
    throw new CommandError(`context file ${path}: BROKER_URL is missing; awrit context set writes it`)
  return { name, path, values }
}

/** Writes a context's file with mode 0600. @throws CommandError, UsageError for a value that the file cannot hold. */
export function writeContext(name: string, content: Readonly<Partial<Record<ContextKey, string>>>): void {
  write(pathOf(name), textOf(content))
}

function textOf(content: Readonly<Partial<Record<ContextKey, string>>>): string {
  try {
    return formatKeyValues(content)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** The names of all contexts, sorted. */
export function contextNames(): string[] {
  const folder = home("contexts")
  try {
    return folder === undefined
      ? []
      : readdirSync(folder)
          .filter((name) => NAME.test(name))
          .toSorted()
  } catch (error) {
    if (codeOf(error) === "ENOENT") return []
    throw new CommandError(`${folder} cannot be read (${codeOf(error)})`)
  }
}

/** Removes a context. @returns whether there was one. */
export function removeContext(name: string): boolean {
  const isKnown = contextNames().includes(name)
  rmSync(pathOf(name), { force: true })
  if (currentContext() === name) useContext(undefined)
  return isKnown
}

/** The name that `awrit context use` keeps. */
export function currentContext(): string | undefined {
  const path = home("context")
  return path === undefined ? undefined : read(path)?.toString("utf8").trim()
}

/** Keeps the name of the context in use; `undefined` for none. */
export function useContext(name: string | undefined): void {
  const path = home("context") ?? noHome()
  if (name === undefined) rmSync(path, { force: true })
  else write(path, `${readContext(name).name}\n`)
}

function pathOf(name: string): string {
  if (!NAME.test(name)) throw new UsageError("a context's name is 1 to 64 letters, digits, _ and -")
  return join(home("contexts") ?? noHome(), name)
}

/** A path beside the user's config file. */
function home(name: string): string | undefined {
  const config = userConfigPath()
  return config === undefined ? undefined : join(dirname(config), name)
}

function noHome(): never {
  throw new CommandError("there is no home folder for contexts: set HOME, or use AACTL_BROKER_URL")
}

function read(path: string): Buffer | undefined {
  try {
    return readPrivateFile(path, { maxBytes: MAX_BYTES, refuseSymlink: true, mustBeOwn: true })
  } catch (error) {
    if (error instanceof PrivateFileError) throw new CommandError(`context file ${path}: the file ${error.message}`)
    throw error
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeWhole(path, text, { mode: 0o600, replace: true })
  } catch (error) {
    throw new CommandError(`${path} cannot be written (${codeOf(error)})`)
  }
}
