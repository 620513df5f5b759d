import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { UnavailableError } from "@agentwrit/authority"
import { signingKeyPaths } from "@agentwrit/config-file"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { describe, expect, test } from "vitest"
import { fileCustody } from "../src/key-custody.ts"
import { runBroker, startBroker } from "./start-in-process.ts"

const at = (folder: BrokerFolder, name: string) => join(folder.path, name)
const NOW = { signs_in: 0, force: true }

const rotate = async (url: string, json: object = NOW) =>
  (await call(url, "POST /v1/admin/keys/rotate", { bearer: await adminToken(url), json })).body
const keyIds = async (url: string): Promise<string[]> =>
  (await call(url, "GET /.well-known/jwks.json")).body.keys.map(({ kid }: { kid: string }) => kid)
const isGood = async (url: string, token: string): Promise<boolean> =>
  (await call(url, "POST /v1/token/validate", { json: { token } })).body.valid

describe("the files of the signing keys", () => {
  test("are of the owner alone; a rename puts the next key in the place of the current one", async () => {
    await using folder = await brokerFolder()
    const path = at(folder, "signing.key")
    const custody = fileCustody(path)
    const { native: first } = await custody.load()
    const { native: published } = await custody.create("EdDSA")
    expect(published.current.keyId).toBe(first.current.keyId)
    expect(statSync(signingKeyPaths(path).native.next).mode & 0o777).toBe(0o600)
    const { native: rotated } = await custody.promote("native")
    expect([rotated.current.keyId, rotated.next]).toEqual([published.next?.keyId, undefined])
    expect(await custody.promote("native")).toMatchObject({ native: { current: { keyId: rotated.current.keyId } } })
    expect((await fileCustody(path).load()).native.current.keyId).toBe(rotated.current.keyId)
    expect(readdirSync(folder.path).filter((name) => name.includes("key"))).toEqual(["signing.key"])
  })

  test.each(["ES256", "RS256"] as const)("hold an %s key for OAuth", async (alg) => {
    await using folder = await brokerFolder()
    const custody = fileCustody(at(folder, "signing.key"))
    await custody.load()
    await custody.create(alg)
    const { oauth } = await custody.promote("oauth")
    expect(oauth).toEqual({ current: expect.objectContaining({ jwk: expect.objectContaining({ alg }) }) })
    expect((await custody.load()).oauth.current?.keyId).toBe(oauth.current?.keyId)
    expect(await custody.discardOthers()).toMatchObject({ oauth: {} })
    expect(existsSync(at(folder, "signing.oauth.key"))).toBe(false)
  })

  test("that cannot be written refuse a rotation", async () => {
    const custody = fileCustody("/proc/signing.key")
    await expect(custody.create("EdDSA")).rejects.toThrow(UnavailableError)
  })
})

describe("a broker", () => {
  test("rotates, retires and lists its keys, and finds them again after a restart", async () => {
    await using folder = await brokerFolder()
    let broker = await startBroker(folder)
    const [first] = await keyIds(broker.url)
    const old = await agent(broker.url, await adminToken(broker.url))
    const { kid } = await rotate(broker.url)
    const next = await rotate(broker.url, {})
    expect(next).toMatchObject({ alg: "EdDSA", use: "native", state: "next", signs_from: expect.any(String) })
    await broker.stop()
    broker = await startBroker(folder)
    expect(await keyIds(broker.url)).toEqual([kid, next.kid, first])
    expect(await isGood(broker.url, old.access_token)).toBe(true)
    const bearer = await adminToken(broker.url)
    const retired = await call(broker.url, `DELETE /v1/admin/keys/${first}`, { bearer })
    expect([retired.status, retired.body]).toEqual([
      200,
      { kid: first, status: "retired", retired_at: expect.any(String) },
    ])
    expect(await isGood(broker.url, old.access_token)).toBe(false)
    const { body } = await call(broker.url, "GET /v1/admin/keys", { bearer })
    expect(body.keys.map((key: { kid: string; state: string }) => [key.kid, key.state])).toEqual([
      [kid, "current"],
      [next.kid, "next"],
    ])
    expect(broker.output().stdout).toContain("key_retired")
  })

  test("without its signing key begins anew: every token ends", async () => {
    await using folder = await brokerFolder()
    let broker = await startBroker(folder)
    const old = await agent(broker.url, await adminToken(broker.url))
    await rotate(broker.url)
    await rotate(broker.url, { alg: "ES256" })
    const current = await agent(broker.url, await adminToken(broker.url))
    await rotate(broker.url, {})
    await broker.stop()
    rmSync(at(folder, "signing.key"))
    broker = await startBroker(folder)
    for (const { access_token } of [old, current]) expect(await isGood(broker.url, access_token)).toBe(false)
    expect(await keyIds(broker.url)).toHaveLength(1)
    expect(readdirSync(folder.path).filter((name) => name.startsWith("signing"))).toEqual(["signing.key"])
  })

  test("does not start with a signing key that was rotated out", async () => {
    await using folder = await brokerFolder()
    const broker = await startBroker(folder)
    copyFileSync(at(folder, "signing.key"), at(folder, "kept.pem"))
    await rotate(broker.url)
    await broker.stop()
    copyFileSync(at(folder, "kept.pem"), at(folder, "signing.key"))
    chmodSync(at(folder, "signing.key"), 0o600)
    const { code, stderr } = await runBroker(folder.environment)
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/was rotated out and must not sign again: put the newest/),
    ])
  })

  test("seals its key files, and names a missing and a wrong encryption key", async () => {
    await using folder = await brokerFolder()
    const sealed = { AA_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") }
    let broker = await startBroker(folder, sealed)
    const old = await agent(broker.url, await adminToken(broker.url))
    await rotate(broker.url)
    await rotate(broker.url, { alg: "ES256" })
    await broker.stop()
    for (const name of ["signing.key", "signing.oauth.next.key", "audit.key"])
      expect(readFileSync(at(folder, name), "utf8")).toMatch(/^-----BEGIN AGENTWRIT SEALED KEY-----/)
    const missing = await runBroker(folder.environment)
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("AA_KEY_ENCRYPTION_KEY is unset")])
    const other = { AA_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 8).toString("base64") }
    const wrong = await runBroker({ ...folder.environment, ...other })
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringContaining("is not sealed by this AA_KEY_ENCRYPTION_KEY"),
    ])
    broker = await startBroker(folder, sealed)
    expect(await isGood(broker.url, old.access_token)).toBe(true)
  })

  test("warns of a key file that is not sealed", async () => {
    await using folder = await brokerFolder()
    await (await startBroker(folder)).stop()
    const broker = await startBroker(folder, { AA_KEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") })
    expect(broker.output().stdout).toMatch(/not sealed.*run awrit key reseal.*signing\.key/)
  })

  test("says no part of a private key in its log, its trail and its database", async () => {
    await using folder = await brokerFolder()
    const broker = await startBroker(folder, { AA_LOG_LEVEL: "trace" })
    const before = readFileSync(at(folder, "signing.key"), "utf8")
    const { kid } = await rotate(broker.url)
    await call(broker.url, `DELETE /v1/admin/keys/${kid}`, { bearer: await adminToken(broker.url) })
    const secrets = [before, readFileSync(at(folder, "signing.key"), "utf8")].map((pem) => pem.split("\n")[1] ?? "")
    await broker.stop()
    const { stdout, stderr } = broker.output()
    for (const secret of secrets) {
      const seed = Buffer.from(secret, "base64").subarray(-32)
      expect(stdout + stderr).not.toContain(secret)
      const database = readFileSync(at(folder, "data.db"))
      for (const form of [seed, seed.toString("base64"), seed.toString("base64url"), seed.toString("hex")])
        expect(database.includes(form)).toBe(false)
    }
  })
})
