import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { awritOnPath, operator } from "@agentwrit/testing/awrit"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { describe, expect, test } from "vitest"
import { blocksOf, brokerVariables, filesIn, readText } from "../../src/repository.ts"
import { missingPrograms, shell } from "../../src/shell.ts"

const PAGES = filesIn("docs").filter((name) => name.endsWith(".md"))

describe.skipIf(missingPrograms("the documentation's lines", "bash", "curl", "jq", "openssl", "python3"))(
  "the lines of",
  () => {
    // Others run these: restore-drill.test.ts stops the broker between the lines, documents.test.ts needs the
    // repository's root.
    const elsewhere = ["backup.md", "developer.md"]
    const pages = PAGES.filter((name) => !elsewhere.includes(name) && blocksOf(`docs/${name}`, "sh").length > 0)
    test.each(pages)("%s run unchanged, one after the other", async (name) => {
      await using folder = await brokerFolder()
      await using broker = await startBroker(folder)
      const scratch = await mkdtemp(join(tmpdir(), "agentwrit-docs-"))
      try {
        const lines = blocksOf(`docs/${name}`, "sh").join("\n").replaceAll("localhost:8080", new URL(broker.url).host)
        const path = `PATH=${await awritOnPath(scratch)}:$PATH`
        const { code, stdout, stderr } = await shell(`set -euo pipefail; ${path}; cd ${scratch}\n${lines}`, {
          ...operator(broker.url),
          AA_ADMIN_SECRET: ADMIN_SECRET,
          HOME: scratch,
        })
        expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" })
        expect(stdout).not.toContain("urn:agentwrit:error")
        if (name === "token-lifecycle.md") expect(stdout).toBe(`true\n204\n{"agents":0,"tokens":0}\n`)
      } finally {
        await rm(scratch, { recursive: true, force: true })
      }
    })
  },
)

// cli.md is generated, and the tests of awrit run its examples.
test.each(PAGES.filter((name) => name !== "cli.md"))(
  "%s leaves to other machines only what cannot run here",
  (name) => {
    const elsewhere =
      /^\s*($|npm (?:init|install|pkg) |npx pnpm@12|docker|sudo|kubectl|cosign|AA_\w+=\S+ docker|git clone|cd agentwrit|\.\/scripts\/|export |curl |agentwrit-broker|-|devonartis|#)/
    for (const block of blocksOf(`docs/${name}`, "console"))
      for (const line of block.trim().split("\n")) expect(line).toMatch(elsewhere)
  },
)

test("the operator's table has every variable, with its default", () => {
  const rows = [...readText("docs/operator.md").matchAll(/^\| `(AA_\w+)` +\| ([^|]+?) +\|/gm)]
  expect(rows.map(([, variable]) => variable).sort()).toEqual(brokerVariables().sort())
  const source = readText("apps/broker/src/config/variables.ts")
  for (const [, variable = "", told = ""] of rows) {
    const [, entry = ""] = source.split(`name: "${variable}"`)[1]?.split(/^(.*?)^ {2}\},/ms) ?? []
    // Numbers, words and paths are compared; other defaults are described in words.
    const fixed = /fallback: "?([\w./]+)"?,/.exec(entry)?.[1]
    const [shown] = told.split(";")
    if (fixed !== undefined && fixed !== "undefined") expect([variable, shown]).toEqual([variable, `\`${fixed}\``])
  }
})

test("the diagram of the packages agrees with their manifests", () => {
  const [diagram = ""] = blocksOf("docs/architecture.md", "mermaid")
  const drawn = [...diagram.matchAll(/^ *([\w-]+)(?:\[.*?\])? --(?: "[^"]*" --)?> ([\w-]+)/gm)].map(
    ([, from = "", to = ""]) => [from, to] as const,
  )
  const manifestOf = (folder: string) => JSON.parse(readText(`${folder}/package.json`))
  const folders = ["packages", "apps"]
    .flatMap((parent) => filesIn(parent).map((name) => `${parent}/${name}`))
    .filter((folder) => manifestOf(folder).private !== true)
  const needs = folders.flatMap((folder) => {
    const { dependencies = {} } = manifestOf(folder)
    const ours = Object.keys(dependencies).filter((name) => name.startsWith("@agentwrit/"))
    return ours.map((name) => [folder.split("/")[1] ?? "", name.slice("@agentwrit/".length)] as const)
  })
  for (const folder of folders) expect(diagram).toContain(`["${folder}<br/>`)
  for (const edge of drawn) expect(needs).toContainEqual(edge)
  const reached = (edges: typeof drawn, from: string): string[] =>
    edges.filter(([start]) => start === from).flatMap(([, to]) => [to, ...reached(edges, to)])
  for (const [from, to] of needs) expect([from, reached(drawn, from)]).toEqual([from, expect.arrayContaining([to])])
})

test("the recipes' page shows every recipe as it is tried", () => {
  const shown = [...readText("docs/recipes.md").matchAll(/\]\(\.\.\/([^)]+)\):\n\n```ts\n(.*?)^```/gms)]
  for (const [, file = "", text] of shown) expect(text).toBe(readText(file))
  const folders = filesIn("examples/recipes").filter((name) => !/\.|^(check|node_modules)$/.test(name))
  expect(new Set(shown.map(([, file = ""]) => file.split("/")[2]))).toEqual(
    new Set([...folders, "guard.ts", "agent.ts"]),
  )
})

test("the index leads to every page", () => {
  const index = readText("docs/README.md")
  for (const name of PAGES) if (name !== "README.md") expect(index).toContain(`](${name})`)
})
