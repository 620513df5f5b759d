import { readFile, writeFile } from "node:fs/promises"

/** Fails when a generated document is out of date. With `--write` on the command line it writes the file. */
export async function checkDocument(path: string, content: string, remedy: string): Promise<void> {
  if (process.argv.includes("--write")) await writeFile(path, content)
  else if ((await readFile(path, "utf8").catch(() => "")) !== content) {
    process.stderr.write(`${path} is out of date: run npx pnpm@12 run ${remedy}\n`)
    process.exitCode = 1
  }
}
