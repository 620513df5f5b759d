import { runSteps, type Step } from "./steps.ts"

// What the README's test command runs, from a fresh clone; `--without-tests` leaves the last step out. The tests come last, so
// that their count ends the output.
const CHECKS: readonly Step[] = [
  { name: "build", command: ["pnpm", "run", "build"] },
  { name: "lint and format", command: ["biome", "check", "--error-on-warnings", "."] },
  { name: "promises", command: ["oxlint"] },
  { name: "layers and layout", command: ["node", "tooling/checks/src/layout.ts"] },
  { name: "OpenAPI document", command: ["node", "tooling/checks/src/openapi.ts"] },
  { name: "types", command: ["turbo", "run", "typecheck", "--output-logs=errors-only"] },
  { name: "unused files, exports, dependencies", command: ["knip"] },
  { name: "bundles", command: ["node", "tooling/checks/src/bundles.ts"], showLastLine: true },
  { name: "packages as they ship", command: ["node", "tooling/checks/src/packed.ts"] },
]

// CI runs the tests on other versions of Node than the scripts.
const node = process.env["TEST_NODE"] || "node"
const TESTS: Step = { name: "tests", command: [node, "node_modules/vitest/vitest.mjs", "run"], show: true }

process.exitCode = await runSteps(process.argv.includes("--without-tests") ? CHECKS : [...CHECKS, TESTS])
