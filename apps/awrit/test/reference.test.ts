import { expect, test } from "vitest"
import type { Command } from "../src/command.ts"
import { TREE } from "../src/commands/tree.ts"
import { GLOBAL_FLAGS } from "../src/global-flags.ts"
import { flagRows, type Rows, wordRows } from "../src/help.ts"
import { allCommands } from "../src/tree.ts"

const HEAD = `# awrit

The operator's command line. \`npx pnpm@12 run cli-docs\` generates this page from the command definitions.

- Results go to stdout, messages to stderr. Exit codes: 0 done, 1 refused or failed, 2 wrong command line.
- \`--json\` prints one JSON document on stdout: the API's answer, or awrit's own if the API has none. \`-o yaml\` prints the same value as
  YAML. \`audit export\` and \`audit events --follow\` print one event a line.
- A refused or failed command prints nothing on stdout and one line on stderr. Its brackets hold the API's \`error_code\`, as in
  \`(conflict, request 1a2b3c4d5e6f7a8b)\`.
- Without a terminal no command asks.
- Tables fit the terminal and never cut an id. In a pipe or a file nothing is cut.
`

const ENVIRONMENT: Rows = [
  [
    "AACTL_ADMIN_SECRET",
    "the admin secret; else the context's; else `ADMIN_SECRET` of the config file, if that is no hash",
  ],
  ["AACTL_ADMIN_SECRET_FILE", "a file that holds the admin secret alone, in place of that variable"],
  ["AACTL_CONTEXT", "the context, as `--context`, unless `AACTL_BROKER_URL` is set"],
  ["AACTL_BROKER_URL, AACTL_CA, AACTL_CERT, AACTL_KEY", "as the flags above, which win"],
  ["AA_CONFIG_PATH", "the config file, instead of `/etc/broker/config` or `~/.broker/config`"],
  ["NO_COLOR", "no colour, unless it is empty"],
]

const FILES =
  "Config, context and session files are in `~/.broker`. One that is a symbolic link, or that group or others can read, is refused."

test("docs/cli.md describes every command", async () => {
  const commands = await allCommands(TREE)
  const parts = [
    HEAD,
    `## Global flags\n\n${list(flagRows(GLOBAL_FLAGS))}\n`,
    `## Environment\n\n${list(ENVIRONMENT)}\n\n${FILES}\n`,
    ...commands.map(section),
  ]
  await expect(`${parts.join("\n").trimEnd()}\n`).toMatchFileSnapshot("../../../docs/cli.md")
})

function section({ args, details = [], examples, name, summary }: Command): string {
  const rows = [...wordRows(args), ...flagRows(args)]
  const paragraphs = [
    `## awrit ${name}`,
    `${summary}.`,
    ...details,
    ...(rows.length === 0 ? [] : [list(rows)]),
    `\`\`\`console\n${examples.join("\n")}\n\`\`\``,
  ]
  return `${paragraphs.join("\n\n")}\n`
}

const list = (rows: Rows): string => rows.map(([name, text]) => `- \`${name}\`: ${text}`).join("\n")
