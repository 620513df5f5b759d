import { readFileSync } from "node:fs"
import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { expect, test, vi } from "vitest"
import { succeeds } from "../run-awrit.ts"
import { temporaryFolder } from "../temporary-folder.ts"

// The command of `awrit run`, which may be an agent's, looks for the operator's secret in its environment.

let url: string
shareTestBroker((shared) => {
  url = shared.url
})

test("the command has no secret of an operator or an app", async () => {
  const home = temporaryFolder()
  const told = join(home, "told")
  vi.stubEnv("HOME", home)
  await succeeds(["context", "set", "here", "--broker-url", url, "--secret-env", "OUR_SECRET"], {})
  const secrets = { OUR_SECRET: ADMIN_SECRET, AA_ADMIN_SECRET: "b", AGENTWRIT_CLIENT_SECRET: "c" }
  const files = { AACTL_ADMIN_SECRET: "x", AA_ADMIN_SECRET_FILE: "d", AGENTWRIT_CLIENT_SECRET_FILE: "e" }
  const keys = { AA_KEY_ENCRYPTION_KEY: "f", AA_KEY_ENCRYPTION_KEY_FILE: "g" }
  const all = { env: { PATH: process.env["PATH"] ?? "", TOLD: told, KEPT: "yes", ...secrets, ...files, ...keys } }
  await succeeds(["run", "--context", "here", "--scope", "read:data:7", "--", "sh", "-c", 'env > "$TOLD"'], all)
  const given = readFileSync(told, "utf8")
  expect(given).toMatch(/^KEPT=yes$/m)
  expect(given).not.toMatch(/SECRET|ENCRYPTION_KEY|an admin secret/)
})
