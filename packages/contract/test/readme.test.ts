import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const root = new URL("..", import.meta.url)
const readme = readFileSync(new URL("README.md", root), "utf8")
const blocks = [...readme.matchAll(/^```(ts)?\n([\s\S]*?)^```$/gm)].map(([, language, text = ""]) => ({
  language,
  text,
}))

/** Runs an example as it stands, with the package found by its own name. */
function run(code: string): string {
  const flags = ["--conditions=@agentwrit/source", "--input-type=module-typescript", "--eval", code]
  return execFileSync(process.execPath, flags, { cwd: root, encoding: "utf8" })
}

describe("the README", () => {
  it("opens with an example that prints what it says", () => {
    const [example, output] = blocks
    expect(run(example?.text ?? "")).toBe(output?.text)
  })

  it("has only examples that run", () => {
    const examples = blocks.filter(({ language }) => language === "ts").slice(1)
    expect(examples.length).toBeGreaterThan(0)
    for (const { text } of examples) expect(run(text)).toBe(`${/\/\/ (.*)\n/.exec(text)?.[1]}\n`)
  })

  it("opens with ten lines of code", () => {
    expect(blocks[0]?.text.trimEnd().split("\n").length).toBeLessThanOrEqual(11)
  })
})
