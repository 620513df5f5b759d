import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { createVitest } from "vitest/node"
import { type Mutant, mutantsOf, withMutant } from "./mutants.ts"
import { TARGETS } from "./targets.ts"

// A process of its own, so that a mutant that never ends can be ended: tells of each mutant of one file, from one number on.

const [, , file = "", from = "0", range = ""] = process.argv
const target = TARGETS.find((one) => one.file === file)
if (target === undefined) throw new TypeError(`no target ${file}`)
const path = resolve(target.file)
const source = readFileSync(path, "utf8")
let active: Mutant | undefined

const conditions = ["@agentwrit/source"]
const vitest = await createVitest(
  "test",
  {
    ...{ root: resolve(target.root), config: false, watch: false, bail: 1, maxWorkers: 1, pool: "forks" },
    // Its key is the file on disk, which no mutant changes.
    fsModuleCache: false,
    ...{ include: [...target.tests], reporters: [{}], testTimeout: 120_000 },
  },
  {
    resolve: { conditions },
    ssr: { resolve: { conditions: [...conditions, "node"], externalConditions: ["node"] } },
    plugins: [
      {
        name: "mutant",
        enforce: "pre",
        transform: (code, id) =>
          id.split("?")[0] === path ? (active === undefined ? code : withMutant(source, active)) : undefined,
      },
    ],
  },
)
const specifications = await vitest.globTestSpecifications()
if (specifications.length < target.tests.length) throw new TypeError(`a test of ${file} is not there`)

/** Whether a test fails. */
async function isSeen(): Promise<boolean> {
  vitest.invalidateFile(path)
  vitest.state.clearErrors()
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications)
  return unhandledErrors.length > 0 || testModules.some((module) => !module.ok())
}

const tell = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
const start = performance.now()
if (from === "0") {
  if (await isSeen()) throw new Error(`the tests of ${file} fail without any change`)
  tell({ took: performance.now() - start })
}
tell({ ready: true })
for (const [index, mutant] of mutantsOf(source, range).entries()) {
  if (index < Number(from)) continue
  active = mutant
  tell({ index, seen: await isSeen() })
}
await vitest.close()
process.exit(0)
