import { runSteps, type Step } from "./steps.ts"

// What the README's test command runs, from a fresh clone. The tests come last, so that their count ends the output.
const STEPS: readonly Step[] = [
  { name: "build", command: ["pnpm", "run", "build"] },
  { name: "lint and format", command: ["biome", "check", "--error-on-warnings", "."] },
  { name: "boundaries", command: ["turbo", "boundaries"] },
  { name: "types", command: ["turbo", "run", "typecheck", "--output-logs=errors-only"] },
  { name: "unused files, exports, dependencies", command: ["knip"] },
  { name: "packages as they ship", command: ["node", "tooling/checks/src/packed.ts"] },
  { name: "tests", command: ["vitest", "run"], show: true },
]

process.exitCode = await runSteps(STEPS)
