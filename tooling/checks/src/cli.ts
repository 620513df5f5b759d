import { cliReference } from "@agentwrit/awrit"
import { checkDocument } from "./document.ts"

// Compares docs/cli.md with the definitions of awrit's commands.
await checkDocument("docs/cli.md", await cliReference(), "cli-docs")
