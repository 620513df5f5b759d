import { readFileSync } from "node:fs"

interface Manifest {
  readonly version: string
}

const manifest: Manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))

/** The product's version, from the package's manifest. */
export const VERSION: string = manifest.version
