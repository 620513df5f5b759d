import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import { checkDocument } from "./document.ts"
import { readJson } from "./workspace.ts"

// Compares docs/openapi.json with the contract.
const { version } = await readJson<{ version: string }>("apps/broker/package.json")
const document = `${JSON.stringify(createOpenApiDocument({ version }), undefined, 2)}\n`
await checkDocument("docs/openapi.json", document, "openapi")
