import type { AppCredentials } from "./app-session.ts"
import { reasonOf } from "./broker-client.ts"
import { requireText } from "./required-text.ts"

type Variable = "AGENTWRIT_BROKER_URL" | "AGENTWRIT_CLIENT_ID" | "AGENTWRIT_CLIENT_SECRET"

/** The variables of an app by name, as `process.env` and the bindings of a Worker have them beside others. */
export type Environment = { readonly [Name in Variable | `${Variable}_FILE`]?: string | undefined }

/** The parts of Node's `process` that are read. Deno and Bun have them too. */
interface NodeProcess {
  readonly env: Environment
  getBuiltinModule?(name: "fs"): { readFileSync(path: string, encoding: "utf8"): string } | undefined
}

/** The global `process`; none in browsers. */
const nodeProcess = (): NodeProcess | undefined => Object(globalThis).process

/**
 * Reads the broker and the credentials of an app.
 * @param env default: the environment of this process.
 * @throws `TypeError`, which names every variable that is missing or wrong, and shows no value.
 */
export function readEnvironment(
  env: Environment = nodeProcess()?.env ?? {},
): AppCredentials & { readonly brokerUrl: string } {
  const faults: string[] = []
  const read = (name: Variable): string => {
    try {
      return readVariable(name, env)
    } catch (error) {
      faults.push((error as TypeError).message)
      return ""
    }
  }
  const found = {
    brokerUrl: read("AGENTWRIT_BROKER_URL"),
    clientId: read("AGENTWRIT_CLIENT_ID"),
    clientSecret: read("AGENTWRIT_CLIENT_SECRET"),
  }
  if (faults.length > 0)
    throw new TypeError(`${faults.join("; ")}. In place of a variable, …_FILE may name a file that holds its value`)
  return found
}

function readVariable(name: Variable, env: Environment): string {
  const fileName = `${name}_FILE` as const
  const { [name]: given = "", [fileName]: path = "" } = env
  if (given === "" && path === "") throw new TypeError(`${name} is not set`)
  if (given !== "" && path !== "") throw new TypeError(`${name} and ${fileName} are both set`)
  const [source, value] = path === "" ? [name, given] : [`the file of ${fileName}`, readFile(fileName, path)]
  requireText(source, value)
  return value
}

/** The text of a file, without the line break at its end that editors add. */
function readFile(variable: string, path: string): string {
  // Not imported, because bundlers for browsers would have to resolve it.
  const fs = nodeProcess()?.getBuiltinModule?.("fs")
  if (fs === undefined) throw new TypeError(`${variable} is set, but there are no files on this platform`)
  try {
    return fs.readFileSync(path, "utf8").replace(/\r?\n$/, "")
  } catch (error) {
    throw new TypeError(`the file of ${variable} cannot be read (${reasonOf(error)})`)
  }
}
