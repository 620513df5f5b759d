import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ADMIN_SECRET, type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { adminToken, call } from "@agentwrit/testing/client"
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

test("a signing key that cannot be replaced refuses a schedule at the start, and a rotation with what to do", async () => {
  await using folder = await brokerFolder()
  await (await startBroker(folder)).stop()
  const environment = layCredentials(folder)
  vi.stubEnv("CREDENTIALS_DIRECTORY", join(folder.path, "credentials"))
  const scheduled = await runBroker({ ...environment, AA_KEY_ROTATION_DAYS: "90" })
  expect([scheduled.code, scheduled.stderr]).toEqual([
    1,
    expect.stringMatching(
      /^agentwrit-broker: the key file \S+signing\.key cannot be replaced \(a credential of systemd\).*unset AA_KEY_ROTATION_DAYS/,
    ),
  ])

  const { url } = await startBroker(folder, environment)
  const bearer = await adminToken(url)
  const [{ kid }] = (await call(url, "GET /v1/admin/keys", { bearer })).body.keys
  for (const request of ["POST /v1/admin/keys/rotate", `DELETE /v1/admin/keys/${kid}`]) {
    const { status, body } = await call(url, request, { bearer })
    expect([status, body.error_code, body.detail]).toEqual([
      409,
      "conflict",
      "this broker cannot replace its signing key",
    ])
    expect(body.hint).toContain("move it to a folder that the broker can write")
  }
  const { body } = await call(url, "GET /v1/audit/events?event_type=key_rotated", { bearer })
  expect(body.events).toMatchObject([{ outcome: "denied", detail: expect.stringContaining("a credential of systemd") }])
  expect(readdirSync(join(folder.path, "credentials"))).not.toContain("signing.next.key")
})
