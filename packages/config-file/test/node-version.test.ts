import { expect, test } from "vitest"
import { nodeFault } from "../src/index.ts"

test.each(["18.20.8", "20.20.2", "22.17.1"])("Node %s is refused by name", (version) => {
  expect(nodeFault(version)).toBe(`Node 22.18 or newer is needed, this is Node ${version}`)
})

test.each(["22.18.0", "22.21.1", "24.11.0", "26.0.0", process.versions.node])(
  "Node %s runs the programs",
  (version) => {
    expect(nodeFault(version)).toBeUndefined()
  },
)
