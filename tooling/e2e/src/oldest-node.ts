import { fileURLToPath } from "node:url"

/** The oldest Node that the packages support, on which examples run. */
export const OLDEST_NODE: string = fileURLToPath(new URL("../node_modules/node-oldest/bin/node", import.meta.url))
