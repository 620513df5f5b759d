import { availableParallelism } from "node:os"
import { runSteps, type Step } from "./steps.ts"

// What the README's test command runs, from a fresh clone; `--without-tests` leaves the last step out. The tests come
// last, so that their count ends the output.
const BUILD: Step = { name: "build", command: ["pnpm", "run", "build"] }

/** They run side by side. The longest is first, so that the others run beside it. */
const CHECKS: readonly Step[] = [
  { name: "packages as they ship", command: ["node", "tooling/checks/src/packed.ts"], showLastLine: true },
  // One program for all packages: a program for each would read what they share again and again.
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "lint and format", command: ["biome", "check", "--error-on-warnings", "."] },
  { name: "promises", command: ["oxlint"] },
  { name: "unused files, exports, dependencies", command: ["knip"] },
  { name: "layers and layout", command: ["node", "tooling/checks/src/layout.ts"] },
  { name: "OpenAPI document", command: ["node", "tooling/checks/src/openapi.ts"] },
  { name: "bundles", command: ["node", "tooling/checks/src/bundles.ts"], showLastLine: true },
]

// CI runs the tests on other versions of Node than the scripts.
const node = process.env["TEST_NODE"] || "node"
const TESTS: Step = { name: "tests", command: [node, "node_modules/vitest/vitest.mjs", "run"], show: true }

const stages = process.argv.includes("--without-tests") ? [[BUILD], CHECKS] : [[BUILD], CHECKS, [TESTS]]
for (const stage of stages) {
  process.exitCode = await runSteps(stage, Math.max(2, availableParallelism()))
  if (process.exitCode !== 0) break
}
