import { readFile } from "node:fs/promises"
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { publint } from "publint"
import { formatMessage } from "publint/utils"

/** Resolutions of CommonJS, which our packages do not serve. */
const COMMONJS = ["node10", "node16-cjs"]

/** What `publint` and "Are the types wrong?" find in a tarball. In one process, so that the compiler is loaded once. */
export async function lintFaults(tarball: string): Promise<string[]> {
  const data = new Uint8Array(await readFile(tarball))
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer }, strict: true })
  const analysis = await checkPackage(createPackageFromTarballData(data))
  const typeProblems = analysis.types === false ? [] : analysis.problems
  return [
    ...messages.filter(({ type }) => type === "error").map((message) => `publint: ${formatMessage(message, pkg)}`),
    ...typeProblems
      .filter((problem) => !("resolutionKind" in problem) || !COMMONJS.includes(problem.resolutionKind))
      .map((problem) => `types: ${JSON.stringify(problem)}`),
  ]
}
