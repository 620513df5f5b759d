export { cliReference } from "./reference.ts"
export { run } from "./run.ts"
