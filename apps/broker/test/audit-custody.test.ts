import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { openCheckpoint, parseVerifierKeys, TrailKeys, verifyTrail } from "@agentwrit/audit"
import { UnavailableError } from "@agentwrit/authority"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { fileAuditCustody } from "../src/audit-custody.ts"
import { runBroker, startBroker } from "./start-in-process.ts"

const at = (folder: BrokerFolder, name: string) => join(folder.path, name)
const pinned = (folder: BrokerFolder) => readFileSync(at(folder, "audit.pub"), "utf8")

async function rotate(url: string): Promise<string> {
  const { status, body } = await call(url, "POST /v1/admin/keys/audit/rotate", { bearer: await adminToken(url) })
  expect(status).toBe(200)
  return body.verifier_key
}

/** What a verification says to someone who pinned these keys before. */
async function verdict(url: string, verifierKey: string): Promise<string> {
  const bearer = await adminToken(url)
  const { text } = await call(url, "GET /v1/audit/checkpoint", { bearer })
  const signed = { keys: new TrailKeys(parseVerifierKeys(verifierKey)), notes: [text] }
  const report = await verifyTrail(await trail(url, bearer), { signed })
  return report.ok ? "ok" : report.message
}

test("the audit key rotates, also twice and sealed; what was pinned before still verifies, and records stay good", async () => {
  await using folder = await brokerFolder()
  const sealed = { AA_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") }
  let broker = await startBroker(folder, sealed)
  const before = pinned(folder)
  const { access_token: old } = await agent(broker.url, await adminToken(broker.url))
  const second = await rotate(broker.url)
  const third = await rotate(broker.url)
  expect(pinned(folder)).toBe(`${third}\n${second}\n${before}`)
  await broker.stop()

  broker = await startBroker(folder, sealed)
  const { body } = await call(broker.url, "POST /v1/token/validate", { json: { token: old } })
  expect(body.valid).toBe(true)
  for (const key of [before, second, third, pinned(folder)]) expect(await verdict(broker.url, key)).toBe("ok")
  await expect(verdict(broker.url, before.replace("agentwrit.local", "agentwrit.other"))).rejects.toThrow()
  const [newest] = parseVerifierKeys(pinned(folder))
  const checkpoint = await call(broker.url, "GET /v1/audit/checkpoint", { bearer: await adminToken(broker.url) })
  expect(openCheckpoint(checkpoint.text, newest).size).toBeGreaterThan(0)
  await broker.stop()

  const keys = readdirSync(folder.path).filter((name) => name.startsWith("audit") && name.endsWith(".key"))
  expect(keys.sort()).toEqual(["audit.first.key", "audit.key"])
  for (const name of keys) {
    expect(statSync(at(folder, name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(at(folder, name), "latin1")).not.toContain("PRIVATE KEY-----\nMC")
  }
  expect((await runBroker({ ...folder.environment, ...sealed })).code).toBe(0)
})

test("without the first audit key a start is refused: no record could be told from a forged one", async () => {
  await using folder = await brokerFolder()
  const broker = await startBroker(folder)
  await rotate(broker.url)
  await broker.stop()
  // Without audit.pub the trail still says that the key rotated.
  for (const lost of ["audit.first.key", "audit.pub"]) {
    rmSync(at(folder, lost))
    const { code, stderr } = await runBroker(folder.environment)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/audit\.first\.key does not exist.*put it back/)])
  }
})

test("a history that a forger wrote into audit.pub makes no key the broker's", async () => {
  await using folder = await brokerFolder()
  const broker = await startBroker(folder)
  const before = pinned(folder)
  const forged = "agentwrit.local/audit+f1c09e17+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
  writeFileSync(at(folder, "audit.pub"), `${forged}\n${before}`)
  // An auditor who pinned this file learns that the trail does not lead to the forged key.
  await expect(verdict(broker.url, pinned(folder))).rejects.toThrow("no rotation that leads to the newest pinned key")
  await expect(verdict(broker.url, forged)).rejects.toThrow("no signature of the key")
  expect(await verdict(broker.url, before)).toBe("ok")
})

test("a folder that cannot be written refuses the rotation, and changes nothing", async () => {
  const options = { origin: "agentwrit.local/audit", verifierKeyPath: "/proc/audit.pub" }
  const custody = fileAuditCustody({ path: "/proc/audit.key", ...options })
  await expect(custody.create()).rejects.toThrow(UnavailableError)
  expect(await custody.next()).toBeUndefined()
  expect(existsSync("/proc/audit.key")).toBe(false)
})
