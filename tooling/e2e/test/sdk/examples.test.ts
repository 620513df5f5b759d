import { execFile } from "node:child_process"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { operator } from "@agentwrit/testing/awrit"
import { call } from "@agentwrit/testing/client"
import { closedAddress } from "@agentwrit/testing/proxy"
import { shareBroker } from "@agentwrit/testing/shared-broker"
import { expect, test } from "vitest"
import { OLDEST_NODE, olderNode } from "../../src/older-node.ts"

const run = promisify(execFile)

const oldest = await olderNode(OLDEST_NODE, "the examples")

let url: string
let admin: string
shareBroker((shared) => {
  ;({ url, admin } = shared)
})

const AGENT = "spiffe://agentwrit\\.local/agent/\\w+/[\\w-]+/[0-9a-f]{16}"

/** The output of each example, one regular expression per line. */
const examples: [name: string, lines: string[]][] = [
  [
    "agent-pipeline",
    [
      "planner to reader: read:data:customer-7291",
      "reader to writer:  read:data:customer-7291",
      "the API was called by planner → reader → writer",
      "the writer's own token: 403",
      "refused: 403 scope_violation, missing: read:data:\\*; nearest held: read:data:customer-7291",
    ],
  ],
  [
    "guarded-hono",
    [
      `its own customer: 200 {"customer":"7291","readBy":"${AGENT}"}`,
      "another customer: 403 missing: read:data:customer-1; nearest held: read:data:customer-7291",
      'without a token:  401 Bearer realm="agentwrit"',
    ],
  ],
  [
    "guarded-express",
    [
      `reading: 200 {"customer":"7291","readBy":"${AGENT}"}`,
      "  the service's log: insufficient_scope: token lacks scope: missing: write:data:customer-7291; nearest held: read:data:customer-7291",
      "writing: 403 missing: write:data:customer-7291; nearest held: read:data:customer-7291",
      "  the service's log: malformed_token: token header is not base64url without padding",
      "forged:  401 token is invalid or expired",
    ],
  ],
  [
    "mcp-server",
    [
      `read_customer 7291: done: customer 7291, read by ${AGENT}`,
      "read_customer 1: refused: token lacks scope: missing: read:data:customer-1; nearest held: read:data:customer-7291",
      'without a token: 401 Bearer realm="agentwrit", resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/mcp"',
    ],
  ],
  [
    "incident-response",
    [
      ...[1, 2, 3].map(() => `accepted: ${AGENT}`),
      "revoked task t-[0-9a-f-]+ in [0-9.]+ ms",
      ...[1, 2, 3].map(() => "refused [0-9.]+ ms later: token is revoked at level task: t-[0-9a-f-]+"),
    ],
  ],
]

const EXAMPLES = new URL("../../../../examples/", import.meta.url)

/** Runs an example in its folder, on the oldest Node where that could be installed, by the command of its `start` script. */
async function start(name: string, environment: Readonly<Record<string, string>>) {
  const cwd = fileURLToPath(new URL(name, EXAMPLES))
  const { scripts } = JSON.parse(await readFile(join(cwd, "package.json"), "utf8"))
  const { PATH = "" } = process.env
  const [program, ...words] = String(scripts.start).split(" ")
  expect(program).toBe("node")
  return run(oldest ?? process.execPath, words, { cwd, env: { PATH, ...environment } })
}

test.each(examples)("%s prints the expected output, and leaves no active app", async (name, lines) => {
  const { stdout } = await start(name, operator(url))
  const printed = stdout.trimEnd().split("\n")
  expect(printed).toEqual(lines.map((line) => expect.stringMatching(new RegExp(`^${line}$`))))
  const { body } = await call(url, "GET /v1/admin/apps", { bearer: admin })
  expect(body.apps.filter((app: { status: string }) => app.status === "active")).toEqual([])
})

test.concurrent.each(examples)("%s says what to do when no broker answers", async (name) => {
  const nowhere = await closedAddress()
  const told = {
    code: 1,
    stdout: "",
    stderr: expect.stringContaining(`${nowhere} cannot be reached (ECONNREFUSED)\nRun `),
  }
  await expect(start(name, operator(nowhere))).rejects.toMatchObject(told)
})

test.skipIf(oldest === undefined)("the examples run on the oldest Node that the packages support", async () => {
  const { stdout } = await run(oldest ?? "", ["--version"])
  expect(stdout).toBe(`v${OLDEST_NODE}\n`)
  const { engines } = JSON.parse(await readFile(new URL("../packages/sdk/package.json", EXAMPLES), "utf8"))
  expect(engines.node).toBe(`>=${OLDEST_NODE.replace(/\.0$/, "")}`)
})

test("every example is run here, and listed on their page with its command", async () => {
  const folders = (await readdir(EXAMPLES, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  // documents.test.ts runs first-credential, because the README shows it; `npx pnpm@12 recipes` tries the recipes.
  const names = folders
    .map(({ name }) => name)
    .filter((name) => !["operator", "first-credential", "recipes"].includes(name))
  expect(names.toSorted()).toEqual(examples.map(([name]) => name).toSorted())
  const page = await readFile(new URL("README.md", EXAMPLES), "utf8")
  for (const name of names) expect(page).toContain(`npx pnpm@12 -C examples/${name} start`)
})
