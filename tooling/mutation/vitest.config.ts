import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const packages = fileURLToPath(new URL("../../packages/", import.meta.url))

/** The tests that Stryker runs against each mutant. */
export default defineConfig({
  resolve: {
    conditions: ["@agentwrit/source"],
    // Stryker works on a copy whose `node_modules` lead to the original. Without these, a mutated package would be
    // loaded twice.
    alias: [
      { find: /^@agentwrit\/(core|audit|authority|store-memory)$/, replacement: `${packages}$1/src/index.ts` },
      { find: "@agentwrit/authority/ports", replacement: `${packages}authority/src/ports/index.ts` },
    ],
  },
  ssr: { resolve: { conditions: ["@agentwrit/source", "node"], externalConditions: ["node"] } },
  test: {
    include: ["packages/{core,audit,authority}/{src,test}/**/*.test.ts"],
    // These read the source as text, or measure time.
    exclude: ["**/{browser,readme,revocation-set}.test.ts"],
    testTimeout: 20_000,
  },
})
