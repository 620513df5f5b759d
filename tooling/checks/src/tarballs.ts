import { rm } from "node:fs/promises"
import { resolve } from "node:path"
import { packAll } from "./pack.ts"

// Writes the tarballs of all published packages to the folder `tarballs`, to install them without a registry.
const folder = resolve("tarballs")
await rm(folder, { recursive: true, force: true })
for (const { tarball } of await packAll(folder)) process.stdout.write(`${tarball}\n`)
