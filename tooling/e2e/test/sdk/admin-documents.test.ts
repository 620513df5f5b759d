import { execFile } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { operator } from "../../src/awrit.ts"
import { type SharedBroker, shareBroker } from "../../src/shared-broker.ts"

const run = promisify(execFile)

const ROOT = new URL("../../../../", import.meta.url)

let shared: SharedBroker
shareBroker((started) => {
  shared = started
})

test("the page on operators' code: its snippets are type-checked, and the first runs", {
  timeout: 60_000,
}, async () => {
  const page = await readFile(new URL("docs/operators-code.md", ROOT), "utf8")
  const snippets = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, snippet = ""]) => snippet)
  const folder = new URL("../../.examples/operators-code/", import.meta.url)
  await mkdir(folder, { recursive: true })
  try {
    const names = snippets.map((_, at) => `snippet-${at}.ts`)
    await Promise.all(names.map((name, at) => writeFile(new URL(name, folder), snippets[at] ?? "")))
    const config = { extends: "../../../tsconfig/check.json", compilerOptions: { types: ["node"] }, files: names }
    await writeFile(new URL("tsconfig.json", folder), JSON.stringify(config))
    const tsc = fileURLToPath(new URL("node_modules/.bin/tsc", ROOT))
    await run(tsc, ["-p", fileURLToPath(folder)])
    const { stdout } = await run(process.execPath, [fileURLToPath(new URL("snippet-0.ts", folder))], {
      env: { PATH: process.env["PATH"] ?? "", ...operator(shared.url) },
    })
    const lines = stdout.trim().split("\n")
    expect(lines.slice(0, 2)).toEqual([expect.stringMatching(/^app-billing-[0-9a-f]{6} 64$/), "64"])
    expect(lines.slice(-2)).toEqual([expect.stringMatching(/^evt-\d{6} t-42$/), "true"])
  } finally {
    await rm(folder, { recursive: true })
  }
})
