import { readFile, writeFile } from "node:fs/promises"

/** Holds a generated document to what it is made of; with `--write` on the command line it brings the file up to date. */
export async function holdDocument(path: string, content: string, remedy: string): Promise<void> {
  if (process.argv.includes("--write")) await writeFile(path, content)
  else if ((await readFile(path, "utf8").catch(() => "")) !== content) {
    process.stderr.write(`${path} is not what it is made of: run npx pnpm@12 run ${remedy}\n`)
    process.exitCode = 1
  }
}
