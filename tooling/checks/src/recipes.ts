import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { NODE, STRICT } from "./consumer.ts"
import { packAll } from "./pack.ts"
import { answersRegistry } from "./registry.ts"
import { runSteps, type Step } from "./steps.ts"
import { readJson } from "./workspace.ts"

// Installs the packed SDK beside the frameworks of examples/recipes, in a folder outside of this repository, and tries
// every recipe against a broker. What cannot be installed is counted and named.

const run = promisify(execFile)

const SDK = ["audit", "contract", "core", "sdk"].map((name) => `@agentwrit/${name}`)

/** The recipes by what tries them, and the folder of each. */
const RECIPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  guard: {
    koa: "koa",
    nest: "nest",
    next: "next",
    trpc: "trpc",
    lambda: "lambda",
    workers: "workers",
    bun: "bun-deno",
    deno: "bun-deno",
  },
  agent: {
    "ai-sdk": "ai-sdk",
    langchain: "langchain",
    "openai-agents": "openai-agents",
    mastra: "mastra",
    mcp: "mcp",
  },
}

const names = Object.values(RECIPES).flatMap(Object.keys)
if (await answersRegistry()) process.exitCode = await tryRecipes()
else notRun(names, "npm's registry does not answer")

async function tryRecipes(): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), "agentwrit-recipes-"))
  await using folder = await brokerFolder()
  try {
    const recipes = join(scratch, "recipes")
    await install(recipes, join(scratch, "tarballs"))
    const { optionalDependencies } = await readJson<{ optionalDependencies: object }>(join(recipes, "package.json"))
    const missing = Object.keys(optionalDependencies).filter((name) => !existsSync(join(recipes, "node_modules", name)))

    const steps: Step[] = missing.length > 0 ? [] : [{ name: "types", command: ["tsc", "-p", recipes] }]
    for (const [kind, folders] of Object.entries(RECIPES))
      for (const [name, folder] of Object.entries(folders)) {
        const lacking = await lackingFor(name, join(recipes, folder), missing)
        if (lacking.length > 0) notRun([name], `${lacking.join(", ")} cannot be installed`)
        else steps.push({ name, command: ["node", join(recipes, "check", `${kind}.ts`), name], showLastLine: true })
      }
    const broker = await startBroker(folder)
    Object.assign(process.env, { AGENTWRIT_BROKER_URL: broker.url, AACTL_ADMIN_SECRET: ADMIN_SECRET })
    return await runSteps(steps, 2)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Copies the recipes, and installs what they import as a user does whose SDK comes from tarballs. */
async function install(recipes: string, tarballs: string): Promise<void> {
  await cp("examples/recipes", recipes, { recursive: true })
  const packed = await packAll(tarballs, SDK)
  const overrides = packed.map(({ manifest, tarball }) => `  "${manifest.name}": file:${tarball}\n`)
  const workspace = await readFile("examples/recipes/pnpm-workspace.yaml", "utf8")
  await writeFile(join(recipes, "pnpm-workspace.yaml"), `${workspace}overrides:\n${overrides.join("")}`)
  await run("pnpm", ["install", "--no-frozen-lockfile", "--prefer-offline"], { cwd: recipes })

  const strict = {
    ...STRICT,
    ...NODE,
    module: "nodenext",
    allowImportingTsExtensions: true,
    experimentalDecorators: true,
  }
  // The declarations of frameworks do not all hold under strict settings.
  const compilerOptions = { ...strict, skipLibCheck: true, typeRoots: [resolve("node_modules/@types")] }
  await writeFile(join(recipes, "tsconfig.json"), JSON.stringify({ compilerOptions }))
}

/** The missing packages that a recipe imports, or that it is named after. */
async function lackingFor(name: string, folder: string, missing: readonly string[]): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".ts"))
  const text = (await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")))).join("")
  return missing.filter((dependency) => dependency === name || text.includes(`from "${dependency}`))
}

function notRun(recipes: readonly string[], reason: string): void {
  process.stdout.write(`not run: ${recipes.length} of the recipes, ${recipes.join(", ")}: ${reason}\n`)
}
