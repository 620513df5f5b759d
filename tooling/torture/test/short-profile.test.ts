import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url))

test("the short profile loses nothing and lets nothing through", { timeout: 480_000 }, async () => {
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    execFile(process.execPath, [MAIN, "--profile", "short"], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr }),
    )
  })
  // What could not be tried here is told where the tests are read.
  console.log(text)
  expect([code, text]).toEqual([0, expect.stringMatching(/^not run: \d+$/m)])
})
