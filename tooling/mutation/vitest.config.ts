import { defineConfig } from "vitest/config"

/** The tests that Stryker runs against each mutant. */
export default defineConfig({
  resolve: { conditions: ["@agentwrit/source"] },
  ssr: { resolve: { conditions: ["@agentwrit/source", "node"], externalConditions: ["node"] } },
  test: {
    include: ["packages/{core,audit,authority}/{src,test}/**/*.test.ts"],
    // These read the source as text, or measure time.
    exclude: ["**/{browser,readme,revocation-set}.test.ts"],
    testTimeout: 20_000,
  },
})
