import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { SCENARIOS } from "../src/scenarios.ts"

test("the threat model names every scenario, and no other", () => {
  const text = readFileSync(new URL("../../../docs/security.md", import.meta.url), "utf8")
  const named = [...text.matchAll(/\bstress ((?:`[\w-]+`(?:,| and)? ?)+)/g)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
  )
  expect([...new Set(named)].sort()).toEqual(SCENARIOS.map(({ name }) => name).sort())
})
