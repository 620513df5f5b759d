import { cp, mkdir, rm } from "node:fs/promises"
import { fileURLToPath } from "node:url"

// The API page's viewer ships within the broker: as a dependency it would bring a script that reports installations.
/** What is copied, and under which name: pnpm takes any LICENSE for the package's own. */
const FILES = {
  "swagger-ui.css": "swagger-ui.css",
  "swagger-ui-bundle.js": "swagger-ui-bundle.js",
  "swagger-ui-bundle.js.LICENSE.txt": "swagger-ui-bundle.js.LICENSE.txt",
  LICENSE: "swagger-ui.LICENSE.txt",
  NOTICE: "swagger-ui.NOTICE.txt",
}

const target = new URL("viewer/", import.meta.url)
await rm(target, { recursive: true, force: true })
await mkdir(target, { recursive: true })
for (const [name, copy] of Object.entries(FILES))
  await cp(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)), fileURLToPath(new URL(copy, target)))
