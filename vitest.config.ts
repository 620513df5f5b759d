import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

const packages = [
  "packages/core",
  "packages/audit",
  "packages/contract",
  "packages/config-file",
  "packages/authority",
  "packages/store-memory",
  "packages/store-sqlite",
  "packages/store-postgres",
  "packages/sdk",
  "apps/broker",
  "apps/awrit",
  "tooling/e2e",
]

const NODE_COMPILE_CACHE = fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url))

const POSTGRES_SETUP = fileURLToPath(new URL("packages/testing/src/postgres-setup.ts", import.meta.url))

/** Starts the files that wait for processes first, so that none of them runs alone at the end. */
class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const startsProcesses = ({ project }: TestSpecification) => project.name === "@agentwrit/e2e"
    return [...sorted.filter(startsProcesses), ...sorted.filter((file) => !startsProcesses(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: ProcessesFirst },
    // One more than the machine runs at once: the tests often wait, for processes and for the network.
    maxWorkers: availableParallelism() + 1,
    projects: packages.map((root) => ({
      root,
      // Tests use the source of every package. tooling/checks tests the built packages.
      resolve: { conditions: ["@agentwrit/source"] },
      ssr: { resolve: { conditions: ["@agentwrit/source", "node"], externalConditions: ["node"] } },
      test: {
        name: root.replace(/^(packages|apps|tooling)\//, "@agentwrit/"),
        include: ["test/**/*.test.ts"],
        ...(root === "packages/store-postgres" && { globalSetup: [POSTGRES_SETUP] }),
        // A worker for each file would import everything again, which took a fifth of the time. The others change their
        // environment.
        isolate: root === "apps/awrit" || root === "tooling/e2e",
        // The store's threads and programs that run from source would compile the same files again at each start.
        env: { NODE_COMPILE_CACHE },
        // They only end what hangs, on the slowest machine: no test sets its own, and none depends on them.
        testTimeout: 300_000,
        hookTimeout: 300_000,
        expect: { poll: { timeout: 240_000 } },
      },
    })),
  },
})
