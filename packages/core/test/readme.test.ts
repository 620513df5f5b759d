import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

it("the README's first example runs and prints what it says", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? ""
  const expected = [...example.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, output]) => output)
  expect(expected).toHaveLength(1)
  // Run as text in the package's folder, so that it imports the package by its name.
  const printed = execFileSync(
    process.execPath,
    ["--conditions=@agentwrit/source", "--input-type=module-typescript", "--eval", example],
    { cwd: fileURLToPath(new URL("..", import.meta.url)), encoding: "utf8" },
  )
  expect(printed.trimEnd().split("\n")).toEqual(expected)
})
