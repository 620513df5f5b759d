import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** What a user's bundler makes for browsers of an entry of a package as it is built, minified. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `export * from "${entry}"`, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
  })
  return outputFiles[0]?.text ?? ""
}
