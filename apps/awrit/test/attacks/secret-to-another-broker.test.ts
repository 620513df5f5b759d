import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeEach, expect, test, vi } from "vitest"
import { awrit, succeeds } from "../run-awrit.ts"
import { temporaryFolder } from "../temporary-folder.ts"

// A broker that somebody else runs gets the secret of the operator's own.

const [OURS, THEIRS] = ["https://ours.example", "https://theirs.example"]
const SECRET = "a secret of our broker"

let home: string
beforeEach(() => {
  home = temporaryFolder()
  vi.stubEnv("HOME", home)
})

/** Where the secret for a broker comes from. */
async function secretFor(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { settings } = JSON.parse(await succeeds(["config", "show", ...words, "--json"], { env }))
  return settings.find(({ name }: { name: string }) => name === "admin_secret").value
}

test("the secret of a context goes to the context's broker only", async () => {
  const file = join(home, "secret")
  writeFileSync(file, SECRET, { mode: 0o600 })
  await succeeds(["context", "set", "ours", "--broker-url", OURS, "--secret-file", file, "--use"], {})
  expect(await secretFor([])).not.toBe("none")
  expect(await secretFor(["--broker-url", THEIRS])).toBe("none")
  expect(await secretFor([], { AACTL_BROKER_URL: THEIRS })).toBe("none")
})

test("the secret of the config file does not go to a context's broker", async () => {
  const config = join(home, "config")
  writeFileSync(config, `ADMIN_SECRET=${SECRET}\n`, { mode: 0o600 })
  await succeeds(["context", "set", "theirs", "--broker-url", THEIRS], {})
  expect(await secretFor([], { AA_CONFIG_PATH: config })).not.toBe("none")
  expect(await secretFor(["--context", "theirs"], { AA_CONFIG_PATH: config })).toBe("none")
})

test("a context without a URL sends its secret nowhere", async () => {
  await succeeds(["context", "set", "ours", "--broker-url", OURS, "--secret-env", "OURS_SECRET"], {})
  writeFileSync(join(home, ".broker", "contexts", "ours"), "BROKER_URL=\nADMIN_SECRET_ENV=OURS_SECRET\n")
  const env = { OURS_SECRET: SECRET, AACTL_BROKER_URL: THEIRS }
  expect(await awrit(["config", "show", "--context", "ours"], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("BROKER_URL is missing"),
  })
})
