import { readFile, writeFile } from "node:fs/promises"
import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import { readJson } from "./workspace.ts"

// Holds docs/openapi.json to the contract; `--write` brings it up to date.

const PATH = "docs/openapi.json"

const { version } = await readJson<{ version: string }>("apps/broker/package.json")
const document = `${JSON.stringify(createOpenApiDocument({ version }), undefined, 2)}\n`
if (process.argv.includes("--write")) await writeFile(PATH, document)
else if ((await readFile(PATH, "utf8").catch(() => "")) !== document) {
  process.stderr.write(`${PATH} does not say what the contract says: run npx pnpm@12 openapi\n`)
  process.exitCode = 1
}
