import { execFile } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { OLDEST_NODE, olderNode } from "./older-node.ts"

const run = promisify(execFile)
const ROOT = new URL("../../../", import.meta.url)
const NODE = (await olderNode(OLDEST_NODE, "the documents' examples")) ?? process.execPath

/** One example of a document, unchanged. */
export interface Snippet {
  /** The path of the document, from the repository's root. */
  readonly document: string
  /** Its heading, and its number in the document. */
  readonly name: string
  readonly text: string
  /** The output that it promises: the comment after each `console.log`. */
  readonly printed: readonly string[]
}

/** The TypeScript examples of a document, in their order. */
export async function readSnippets(document: string): Promise<Snippet[]> {
  const page = await readFile(new URL(document, ROOT), "utf8")
  const found: Snippet[] = []
  let heading = ""
  for (const [, title, fence, text = ""] of page.matchAll(/^#+ (.*)$|^```(\w+)\n([\s\S]*?)^```$/gm))
    if (title !== undefined) heading = title
    else if (fence === "ts") {
      const printed = [...text.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line = ""]) => line)
      found.push({ document, name: `${heading} (${found.length + 1})`, text, printed })
    }
  return found
}

/** Examples as files, in a folder where their imports resolve. Removed at the end of the scope. */
export interface SnippetFolder extends AsyncDisposable {
  /** The compiler's errors; empty when there are none. */
  check(): Promise<string>
  /**
   * Runs one by its index, on the oldest Node where that could be installed. Resolves with the lines of its standard
   * output.
   */
  run(at: number, environment?: Readonly<Record<string, string>>): Promise<string[]>
}

/** Writes examples to files, and replaces the addresses that they show by real ones. */
export async function writeSnippets(
  name: string,
  snippets: readonly Snippet[],
  addresses: Readonly<Record<string, string>>,
): Promise<SnippetFolder> {
  const folder = new URL(`../.examples/${name.replaceAll(/\W/g, "-")}/`, import.meta.url)
  const file = (at: number) => new URL(`${at}.ts`, folder)
  await mkdir(folder, { recursive: true })
  for (const [at, { text }] of snippets.entries()) {
    let written = text
    for (const [shown, real] of Object.entries(addresses)) written = written.replaceAll(shown, real)
    await writeFile(file(at), written)
  }
  await writeFile(new URL("tsconfig.json", folder), '{ "extends": "../../tsconfig.json", "include": ["*.ts"] }')
  return {
    async check() {
      const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", ROOT))
      const checked = run(process.execPath, [tsc, "-p", fileURLToPath(folder)])
      return checked.then(({ stdout }) => stdout).catch(({ stdout }: { stdout: string }) => stdout)
    },
    async run(at, environment = {}) {
      const { PATH = "" } = process.env
      const { stdout } = await run(NODE, [fileURLToPath(file(at))], { env: { PATH, ...environment } })
      return stdout === "" ? [] : stdout.trimEnd().split("\n")
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
