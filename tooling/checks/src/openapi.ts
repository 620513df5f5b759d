import { createOpenApiDocument } from "@agentwrit/contract/openapi"
import { holdDocument } from "./document.ts"
import { readJson } from "./workspace.ts"

// Holds docs/openapi.json to the contract.
const { version } = await readJson<{ version: string }>("apps/broker/package.json")
const document = `${JSON.stringify(createOpenApiDocument({ version }), undefined, 2)}\n`
await holdDocument("docs/openapi.json", document, "openapi")
