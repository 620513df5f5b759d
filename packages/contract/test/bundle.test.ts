import { build } from "esbuild"
import { describe, expect, it } from "vitest"

async function inputsOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    format: "esm",
    conditions: ["@agentwrit/source"],
    logLevel: "silent",
  })
  return Object.keys(metafile.inputs)
}

describe("in a browser", () => {
  it("the schemas bundle without Node, and without the OpenAPI generator", async () => {
    const inputs = await inputsOf("../src/index.ts")
    expect(inputs.some((path) => path.includes("valibot"))).toBe(true)
    expect(inputs.filter((path) => path.includes("to-json-schema") || path.includes("src/openapi"))).toEqual([])
  })

  it("so does the generator, which is there when asked for", async () => {
    const inputs = await inputsOf("../src/openapi.ts")
    expect(inputs.some((path) => path.includes("to-json-schema"))).toBe(true)
  })
})
