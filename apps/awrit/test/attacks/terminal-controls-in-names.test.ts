import { shareTestBroker } from "@agentwrit/testing/broker"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { awrit, operator, succeeds } from "../run-awrit.ts"

// Before: --json and the export printed C1 and bidirectional controls from names as they are, and a terminal acted on
// them.

let env: Record<string, string>
shareTestBroker(({ url }) => {
  env = operator(url)
})

test("--json, YAML and the export escape what a terminal acts on, as the same values", async () => {
  const name = "c1 \u009b31m, bidi \u202e, tag \u{e0041}, line \u2028."
  const escaped = "c1 \\u009b31m, bidi \\u202e, tag \\udb40\\udc41, line \\u2028."
  await succeeds(["launch-token", "create", "--agent-name", name, "--allowed-scope", "read:data:*"], { env })
  const listed = await succeeds(["launch-token", "list", "--json"], { env })
  expect(listed).toContain(escaped)
  expect(JSON.parse(listed).launch_tokens[0].agent_name).toBe(name)
  const yaml = await succeeds(["launch-token", "list", "-o", "yaml"], { env })
  expect(parse(yaml)).toEqual(JSON.parse(listed))
  const trail = await succeeds(["audit", "export"], { env })
  expect(yaml + listed + trail).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  expect(await awrit(["audit", "verify", "--file", "-"], { env, input: trail })).toMatchObject({ code: 0 })
})
