import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { hasSharedVectors } from "../../../packages/core/test/shared-vectors.ts"
import { OLDEST_NODE, olderNode } from "../src/older-node.ts"
import { inRepository, readText } from "../src/repository.ts"

const run = promisify(execFile)

// OpenSSL's own verdict on an R of small order changed between Node 24.16 and 24.19 (CONTRACT 2). So the built core
// judges the same signatures on versions before and after: native and portable verification must agree with each other,
// and with what is expected.
const older = await Promise.all(
  [OLDEST_NODE, "24.11.0"].map(async (version) => ({
    version: `v${version}`,
    program: await olderNode(version, "the verdicts on signatures"),
  })),
)
const nodes = [...older, { version: process.version, program: process.execPath }]

describe.each(nodes)("on Node $version", ({ version, program }) => {
  const judge = async (vectors: "own" | "cctv") => {
    const { stdout } = await run(program ?? "", [inRepository("tooling/e2e/src/judge-signatures.ts"), vectors])
    return JSON.parse(stdout)
  }

  test.skipIf(program === undefined)("the verdicts on our own vectors hold", async () => {
    const { length } = JSON.parse(readText("packages/core/test/vectors/ed25519.json"))
    expect(await judge("own")).toEqual({ version, judged: length, wrong: [] })
  })

  test.skipIf(program === undefined || !hasSharedVectors)("the verdicts on the vectors of CCTV hold", async () => {
    expect(await judge("cctv")).toEqual({ version, judged: 914, wrong: [] })
  })
})
