import { cliReference } from "@agentwrit/awrit"
import { holdDocument } from "./document.ts"

// Holds docs/cli.md to the definitions of awrit's commands.
await holdDocument("docs/cli.md", await cliReference(), "cli-docs")
