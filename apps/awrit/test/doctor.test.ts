import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { startProxy } from "@agentwrit/testing/proxy"
import { describe, expect, test, vi } from "vitest"
import { awrit, operator, succeeds } from "./run-awrit.ts"
import { temporaryFolder } from "./temporary-folder.ts"

let url: string
let env: Record<string, string>
shareTestBroker((shared) => {
  url = shared.url
  env = operator(url)
})

describe("doctor", () => {
  test("finds no problem in a good set-up", async () => {
    const text = await succeeds(["doctor"], { env })
    for (const about of [
      "config file",
      "admin secret",
      "broker URL",
      "broker",
      "version",
      "clock",
      "sign-in",
      "audit chain",
    ])
      expect(text).toMatch(new RegExp(`^✓ ${about} `, "m"))
  })

  test("tells that a session stands in for the secret, and still tries a secret that is there", async () => {
    vi.stubEnv("HOME", temporaryFolder())
    await succeeds(["login"], { env })
    const text = await succeeds(["doctor"], { env: { AACTL_BROKER_URL: url } })
    expect(text).toMatch(/^✓ admin secret +none; awrit login signed in$/m)
    expect(text).toMatch(/^✓ sign-in /m)
    const wrong = await awrit(["doctor"], { env: { ...env, AACTL_ADMIN_SECRET: "wrong" } })
    expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringMatching(/^✗ sign-in /m)])
    const broken = await awrit(["doctor", "--context", "none"], { env })
    expect([broken.code, broken.stdout]).toEqual([1, expect.stringMatching(/^✗ context +there is no context none/m)])
  })

  test("finds a wrong secret, an open key file and a stopped broker, and says what to do", async () => {
    await using proxy = await startProxy(url)
    proxy.intercept = (_incoming, answer) => {
      answer.setHeader("date", new Date(Date.now() - 90_000).toUTCString())
      return "pass"
    }
    const key = join(temporaryFolder(), "open.key")
    writeFileSync(key, "-----BEGIN PRIVATE KEY-----\n")
    chmodSync(key, 0o640)
    const bad = { AACTL_BROKER_URL: proxy.url, AACTL_ADMIN_SECRET: "wrong", AA_SIGNING_KEY_PATH: key }
    const { code, stdout } = await awrit(["doctor"], { env: bad })
    expect(code).toBe(1)
    expect(stdout).toMatch(/✗ sign-in .*\n +→ check the admin secret/)
    expect(stdout).toMatch(/✗ signing key .*mode 0640.*\n +→ chmod 600/)
    await proxy[Symbol.asyncDispose]()
    const distrustful = await awrit(["doctor"], { env: { ...bad, AACTL_CA: key } })
    expect(distrustful.stdout).toMatch(/✗ TLS files .*cannot be used together.*\n +→ correct --ca/)
    const away = await awrit(["doctor", "--json"], { env: bad })
    const { findings } = JSON.parse(away.stdout)
    expect(findings).toContainEqual(expect.objectContaining({ level: "problem", about: "broker" }))
  })
})

test("init and doctor warn about a config file in a folder that other users can write to", async () => {
  const folder = join(temporaryFolder(), "open")
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  const path = join(folder, "config")
  const made = await awrit(["init", "--mode", "dev", "--config-path", path], { env })
  expect([made.code, made.stderr]).toEqual([0, `Other users can replace ${path}: chmod go-w ${folder}\n`])
  const told = await awrit(["doctor"], { env: { ...env, AA_CONFIG_PATH: path } })
  expect([told.code, told.stdout]).toEqual([0, expect.stringMatching(/^! config file .*\n +→ chmod go-w /m)])
  chmodSync(path, 0o644)
  const { findings } = JSON.parse(
    (await awrit(["doctor", "--json"], { env: { AA_CONFIG_PATH: path, AA_SIGNING_KEY_PATH: "" } })).stdout,
  )
  // One finding, not one for each value of the file.
  expect(findings).toEqual([
    expect.objectContaining({ about: "config file", found: expect.stringContaining("chmod 600") }),
  ])
})
