import { execFile } from "node:child_process"
import { globSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { promisify } from "node:util"
import { afterAll, expect, test } from "vitest"
import { inRepository } from "../src/repository.ts"

// Every example of a doc comment compiles under strict settings. Its file stands in its package, so that it imports what
// a user of the package can. What its own package exports is imported for it, and NAMES says what the rest stands for.

const run = promisify(execFile)

/** What an example may use without a word. */
const NAMES = `
declare const brokerUrl: string, clientId: string, clientSecret: string, adminSecret: string, launchToken: string
declare const authInfo: { scopes: string[] } | undefined, handler: import("@modelcontextprotocol/server").McpHttpHandler
declare const server: import("@modelcontextprotocol/server").McpServer
declare const auditKey: import("@agentwrit/core").SigningKey, pinned: string, note: string
declare const events: readonly unknown[], lines: AsyncIterable<string>, edge: { size: number; root(): Uint8Array<ArrayBuffer> }
declare const signingKey: import("@agentwrit/core").SigningKey, formerKey: import("@agentwrit/core").VerifyingKey
declare const claims: import("@agentwrit/core").Claims
declare const clock: import("@agentwrit/testing/settable-clock").SettableClock, emptyFolder: () => string
declare const openMyStore: (options: object) => Promise<import("@agentwrit/authority/ports").Store>
declare const authority: import("@agentwrit/authority").Authority, redact: (text: string) => string
declare const token: string, body: string, request: Request, signal: AbortSignal
declare const app: import("@agentwrit/sdk").AgentWritApp, agent: import("@agentwrit/sdk").Agent
declare const admin: import("@agentwrit/sdk/admin").AgentWritAdmin
declare const verifier: import("@agentwrit/sdk/verify").Verifier
`

const SOURCES = globSync(["packages/*/src/**/*.ts", "apps/*/src/**/*.ts"], { cwd: inRepository(".") }).sort()
const FOLDER = ".examples/doc-comments"

const written = new Set<string>()
afterAll(async () => {
  for (const folder of written) await rm(folder, { recursive: true })
})

test("every example compiles", async () => {
  expect(SOURCES).not.toEqual([])
  const texts = new Map<string, string>()
  for (const source of SOURCES) texts.set(source, await readFile(inRepository(source), "utf8"))
  for (const [source, text] of texts)
    for (const [at, example] of examplesOf(text).entries())
      await write(source, `${source.replaceAll(/\W/g, "-")}-${at}.ts`, importsFor(source, example, texts) + example)
  await write("tooling/e2e/test", "names.d.ts", NAMES)
  const include = [...written].map((folder) => `${folder}/*`)
  // Examples use what they make only in part.
  const compilerOptions = { noUnusedLocals: false, verbatimModuleSyntax: false }
  const project = JSON.stringify({ extends: inRepository("tooling/e2e/tsconfig.json"), compilerOptions, include })
  await write("tooling/e2e/test", "tsconfig.json", project)

  const words = ["-p", inRepository(`tooling/e2e/${FOLDER}/tsconfig.json`), "--pretty", "false"]
  const { stdout } = await run("tsc", words).catch((error: { stdout: string }) => error)
  expect(stdout).toBe("")
})

/** The examples of a source's doc comments, without the marks of comments and fences. */
function examplesOf(text: string): string[] {
  return [...text.matchAll(/^ *\* @example(.*(?:\n *\*(?!\/| @).*)*)/gm)].map(([, example = ""]) =>
    example
      .replaceAll(/^ *\* ?/gm, "")
      .replaceAll(/^```.*$/gm, "")
      .trim(),
  )
}

/** Imports the names of an example that its own file exports, else those that only one file of its package exports. */
function importsFor(source: string, example: string, texts: ReadonlyMap<string, string>): string {
  const root = rootOf(source)
  const lines: string[] = []
  for (const name of new Set(example.match(/\b[A-Za-z]\w*\b/g))) {
    if (new RegExp(`(?:const|function|class|import) (?:{[^}]*)?\\b${name}\\b`).test(example)) continue
    const declared = new RegExp(`^export (?:async )?(?:function|const|class|interface|type) ${name}\\b`, "m")
    const files = [...texts]
      .filter(([path, text]) => rootOf(path) === root && declared.test(text))
      .map(([path]) => path)
    const file = files.includes(source) ? source : files.length === 1 ? files[0] : undefined
    if (file !== undefined) lines.push(`import { ${name} } from "../../${file.slice(root.length + 1)}"\n`)
  }
  return `${lines.join("")}export {}\n`
}

const rootOf = (source: string): string => source.split("/").slice(0, 2).join("/")

async function write(source: string, name: string, text: string): Promise<void> {
  const folder = inRepository(`${rootOf(source)}/${FOLDER}`)
  written.add(folder)
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/${name}`, text)
}
