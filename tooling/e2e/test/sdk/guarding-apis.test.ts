import { execFile } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { shareBroker } from "../../src/shared-broker.ts"

const run = promisify(execFile)
const ROOT = new URL("../../../../", import.meta.url)
const FOLDER = new URL("../../.examples/guarding-apis/", import.meta.url)

let url: string
shareBroker((shared) => {
  ;({ url } = shared)
})

const page = await readFile(new URL("docs/guarding-apis.md", ROOT), "utf8")
const snippets = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text)

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true })
  for (const [at, text] of snippets.entries())
    await writeFile(new URL(`${at}.ts`, FOLDER), text.replaceAll("https://broker.example", url))
  await writeFile(new URL("tsconfig.json", FOLDER), '{ "extends": "../../tsconfig.json", "include": ["*.ts"] }')
})
afterAll(() => rm(FOLDER, { recursive: true }))

test("every snippet of the page on guarding APIs has the right types", { timeout: 60_000 }, async () => {
  expect(snippets.length).toBeGreaterThan(4)
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", ROOT))
  const checked = run(process.execPath, [tsc, "-p", fileURLToPath(FOLDER)])
  await checked.catch(({ stdout }: { stdout: string }) => expect(stdout).toBe(""))
})

test.each(snippets.map((text, at) => [at, text] as const))(
  "snippet %i runs and prints what it says",
  async (at, text) => {
    const told = [...text.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line)
    expect(told).not.toEqual([])
    const { stdout } = await run(process.execPath, [fileURLToPath(new URL(`${at}.ts`, FOLDER))])
    expect(stdout.trim().split("\n")).toEqual(told)
  },
)
