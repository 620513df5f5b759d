import { fileURLToPath } from "node:url"
import { build } from "esbuild"

/** Bundles an entry of a built package for browsers, minified, as a user's bundler would. */
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
