import { fileURLToPath } from "node:url"
import { Stryker } from "@stryker-mutator/core"

/** The rules: scopes, tokens, delegation chains, revocation, the audit trail, and the decisions of the authority. */
const RULES = [
  "packages/core/src/{scope,ttl,claims,token,jws,delegation,delegation-record,revocation,ed25519-bounds}.ts",
  "packages/audit/src/{canonical-event,chain,merkle,right-edge,proof,note,checkpoint,trail-verifier,verify}.ts",
  "packages/authority/src/{tokens,delegation,revocation}/*.ts",
  "!**/*.test.ts",
]

/** Percent of the mutants that tests must detect. The rest is mostly equivalent to the original. */
const MIN_SCORE = 85

// Paths start at the repository's root.
process.chdir("../..")
const files = process.argv.slice(2)

// Stryker sets the exit code when the score is too low.
await new Stryker({
  mutate: files.length > 0 ? files : RULES,
  // Texts are for people; a mutated text breaks no rule.
  mutator: { excludedMutations: ["StringLiteral", "ObjectLiteral", "ArrayDeclaration", "Regex"] },
  testRunner: "vitest",
  plugins: [fileURLToPath(import.meta.resolve("@stryker-mutator/vitest-runner"))],
  vitest: { configFile: "tooling/mutation/vitest.config.ts" },
  ignorePatterns: ["/apps", "/docs", "/examples", "/deploy", "dist", ".turbo"],
  // Stryker's own reading of tsconfig.json does not know TypeScript 7.
  tsconfigFile: "none",
  reporters: ["clear-text"],
  clearTextReporter: { logTests: false, reportTests: false },
  thresholds: { high: 100, low: MIN_SCORE, break: MIN_SCORE },
}).runMutationTest()
