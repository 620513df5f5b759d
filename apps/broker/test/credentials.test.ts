import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ADMIN_SECRET, type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { afterEach, expect, test, vi } from "vitest"
import { runBroker, startBroker } from "./start-in-process.ts"

afterEach(() => vi.unstubAllEnvs())

const FILES = { "signing.key": "AA_SIGNING_KEY_PATH", "audit.key": "AA_AUDIT_KEY_PATH" }

/** Moves a broker's keys and its secret to where systemd lays credentials, and returns its environment. */
function layCredentials({ path, environment }: BrokerFolder): Record<string, string> {
  const folder = join(path, "credentials")
  mkdirSync(folder)
  writeFileSync(join(folder, "admin-secret"), `${ADMIN_SECRET}\n`)
  for (const name of Object.keys(FILES)) renameSync(join(path, name), join(folder, name))
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o440)
  const keys = Object.entries(FILES).map(([name, variable]) => [variable, join(folder, name)])
  return {
    ...environment,
    AA_ADMIN_SECRET: "",
    AA_ADMIN_SECRET_FILE: join(folder, "admin-secret"),
    ...Object.fromEntries(keys),
  }
}

test("secret and keys may be credentials of systemd; what the broker writes is then beside its database", async () => {
  await using folder = await brokerFolder()
  await (await startBroker(folder)).stop()
  const environment = layCredentials(folder)
  const laid = readdirSync(join(folder.path, "credentials")).sort()
  // Elsewhere such keys are refused: everyone in their group can read them.
  expect((await runBroker(environment)).stderr).toContain("signing.key is open to group or others (mode 0440)")

  vi.stubEnv("CREDENTIALS_DIRECTORY", join(folder.path, "credentials"))
  const absent = join(folder.path, "credentials", "absent.key")
  expect((await runBroker({ ...environment, AA_SIGNING_KEY_PATH: absent })).stderr).toMatch(
    /absent\.key does not exist.* name it in LoadCredential=/,
  )
  rmSync(join(folder.path, "audit.pub"))
  const broker = await startBroker(folder, environment)
  expect(await adminToken(broker.url)).toBeTypeOf("string")
  await broker.stop()
  expect(readdirSync(join(folder.path, "credentials")).sort()).toEqual(laid)
  expect(readdirSync(folder.path)).toEqual(expect.arrayContaining(["audit.pub", "audit.checkpoint"]))
})
