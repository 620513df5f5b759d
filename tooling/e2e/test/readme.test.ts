import { execFile } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, test } from "vitest"

const ROOT = new URL("../../../", import.meta.url)

// The examples of packages that need one another run from here, where all of them are installed, against what is built.
test.each(["packages/config-file", "packages/authority", "packages/store-sqlite", "apps/broker"])(
  "the example in %s's README runs and prints what it says",
  async (folder) => {
    const readme = await readFile(new URL(`${folder}/README.md`, ROOT), "utf8")
    const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ""
    const printed = [...example.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line)
    expect(printed).not.toEqual([])
    const examples = new URL("../.examples/", import.meta.url)
    await mkdir(examples, { recursive: true })
    const file = new URL(`${folder.replace("/", "-")}.ts`, examples)
    await writeFile(file, example)
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(file)])
      expect(stdout.trim().split("\n")).toEqual(printed)
    } finally {
      await rm(file)
    }
  },
)
