import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { afterAll, beforeAll, expect, test } from "vitest"
import { runBroker } from "./start-in-process.ts"

const SCRIPT = fileURLToPath(new URL("../../../scripts/gen_test_certs.sh", import.meta.url))

let folder: BrokerFolder
const file = (name: string) => join(folder.path, name)
beforeAll(async () => {
  folder = await brokerFolder()
  execFileSync(SCRIPT, [folder.path], { stdio: "ignore" })
  const ca = readFileSync(file("ca.pem"), "utf8")
  writeFileSync(file("data.txt"), "no certificate")
  writeFileSync(file("empty.pem"), "")
  writeFileSync(file("half.pem"), `${ca}${ca.slice(0, 200)}`)
})
afterAll(() => folder[Symbol.asyncDispose]())

test.each([
  ["a file without a certificate", "AA_TLS_CERT", "data.txt"],
  ["the key of another certificate", "AA_TLS_KEY", "client-key.pem"],
  ["a file that is missing", "AA_TLS_CERT", "absent.pem"],
  ["an empty client CA", "AA_TLS_CLIENT_CA", "empty.pem"],
  ["a client CA without a certificate", "AA_TLS_CLIENT_CA", "data.txt"],
  ["a client CA that is a key", "AA_TLS_CLIENT_CA", "client-key.pem"],
  ["a client CA with a broken certificate after a whole one", "AA_TLS_CLIENT_CA", "half.pem"],
])("%s stops the start, and the message names the variable and the file", async (_, variable, name) => {
  const { code, stderr } = await runBroker({
    ...folder.environment,
    AA_TLS_MODE: "mtls",
    AA_TLS_CERT: file("broker.pem"),
    AA_TLS_KEY: file("broker-key.pem"),
    AA_TLS_CLIENT_CA: file("ca.pem"),
    [variable]: file(name),
  })
  expect([code, stderr]).toEqual([1, expect.stringContaining(file(name))])
  expect(stderr).toContain(variable)
})
