import type { Command } from "./command.ts"
import { TREE } from "./commands/tree.ts"
import { GLOBAL_FLAGS } from "./global-flags.ts"
import { flagRows, usageOf } from "./help.ts"
import { padded, widthOf } from "./text.ts"
import { allCommands } from "./tree.ts"

const HEAD = `# awrit

The operator's command line. This page is made of the command definitions: \`npx pnpm@12 run cli-docs\` writes it anew.

- Results go to stdout, messages for people to stderr. Exit codes: 0 when done, 1 when refused or failed, 2 when the command line is
  wrong.
- With \`--json\` a command that is done prints one JSON document on stdout (\`audit export\` and \`audit events --follow\` an event a
  line) and nothing on stderr: the API's answer unchanged, or a document of awrit's own where the API has none to give.
- One that is refused or fails prints nothing on stdout, and one line on stderr that says what to do, with \`--json\` as without. The code
  in its brackets, as in \`(conflict, request 1a2b3c4d5e6f7a8b)\`, is the API's \`error_code\`.
- \`audit verify\`, \`doctor\`, \`health\` and \`token inspect\` exit with 1 also when what they found is bad; their result, which says what,
  is then on stdout all the same.
- Commands that cannot be undone ask on a terminal; \`--yes\` skips the question, and without a terminal they go ahead.
- Tables fit the terminal and never cut an id; in a pipe or a file nothing is cut. Colour is for terminals alone, never with
  \`NO_COLOR\`.
`

const ENVIRONMENT: readonly (readonly [variable: string, text: string])[] = [
  ["variable", "what it says"],
  ["`AACTL_BROKER_URL`", "the broker; else `BROKER_URL` of the config file, else `http://localhost:8080`"],
  ["`AACTL_ADMIN_SECRET`", "the admin secret; else `ADMIN_SECRET` of the config file, unless that is a hash"],
  ["`AACTL_CA`", "PEM certificates that the broker's must come from, as `--ca`"],
  ["`AACTL_CERT`", "client certificate for mutual TLS, as `--cert`"],
  ["`AACTL_KEY`", "its private key, as `--key`"],
  ["`AA_CONFIG_PATH`", "config file that is read instead of `/etc/broker/config` or `~/.broker/config`"],
  ["`NO_COLOR`", "no colour, when it is not empty"],
]

const CONFIG_FILE = "The config file is refused when it is a symbolic link, or when group or others can read it."

/** The reference of all commands, in Markdown. */
export async function cliReference(): Promise<string> {
  const commands = await allCommands(TREE)
  const parts = [
    HEAD,
    `## Global flags\n\n${flagTable(GLOBAL_FLAGS)}\n`,
    `## Environment\n\n${table(ENVIRONMENT)}\n\n${CONFIG_FILE}\n`,
    ...commands.map(section),
  ]
  return `${parts.join("\n").trimEnd()}\n`
}

function section(command: Command): string {
  const { args, details, examples, name, summary } = command
  const positionals = Object.entries(args).filter(([, { type }]) => type === "positional")
  return [
    `## awrit ${name}`,
    "",
    `${summary}.`,
    ...details.flatMap((paragraph) => ["", paragraph]),
    "",
    "```text",
    usageOf(command).join(" "),
    "```",
    ...(positionals.length === 0
      ? []
      : ["", ...positionals.map(([word, { description }]) => `\`<${word}>\`: ${description}.`)]),
    ...(flagRows(args).length === 0 ? [] : ["", flagTable(args)]),
    "",
    "```console",
    ...examples,
    "```",
    "",
  ].join("\n")
}

function flagTable(args: Command["args"]): string {
  return table([["flag", ""], ...flagRows(args).map(([flag, text]) => [`\`${flag}\``, text] as const)])
}

/** A table of two columns, its head first, as the repository's formatter writes it. */
function table(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")))
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ""))))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => padded(cell, widths[column] ?? 0)).join(" | ")} |`
  const [head = [], ...body] = cells
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n")
}
