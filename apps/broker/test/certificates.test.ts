import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { request } from "node:https"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type BrokerFolder, brokerFolder } from "@agentwrit/testing/broker-process"
import { expect, test } from "vitest"
import { Certificates } from "../src/certificates.ts"
import { nextUpdateOf } from "../src/crl.ts"
import { capture } from "./captured-log.ts"
import { startBroker } from "./start-in-process.ts"

const SCRIPT = fileURLToPath(new URL("../../../scripts/gen_test_certs.sh", import.meta.url))

/** A test CA's files, and `openssl` in their folder. */
function authorityIn(folder: BrokerFolder) {
  execFileSync(SCRIPT, [folder.path], { stdio: "ignore" })
  const file = (name: string) => join(folder.path, name)
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder.path, stdio: "pipe" })
  const revocationList = (days: string, ...revoked: string[]) => {
    writeFileSync(file("index.txt"), "")
    writeFileSync(file("number"), "01\n")
    writeFileSync(
      file("ca.cnf"),
      "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ncertificate=ca.pem\nprivate_key=ca-key.pem\n",
    )
    for (const name of revoked) openssl("ca", "-config", "ca.cnf", "-revoke", name)
    openssl("ca", "-config", "ca.cnf", "-gencrl", "-crldays", days, "-out", "clients.crl")
  }
  return { file, openssl, revocationList }
}

test("a certificate within 14 days of its end, and a revocation list within one, are warned of and measured", async () => {
  await using folder = await brokerFolder()
  const { file, openssl, revocationList } = authorityIn(folder)
  openssl(..."req -x509 -key broker-key.pem -subj /CN=short -days 13 -out broker.pem".split(" "))
  revocationList("1")
  const measured = new Map<string, number>()
  const { log, stdout } = capture()
  new Certificates({
    tls: {
      mode: "mtls",
      cert: file("broker.pem"),
      key: file("broker-key.pem"),
      clientCa: file("ca.pem"),
      clientCrl: file("clients.crl"),
    },
    log,
    onExpiry: (variable, at) => measured.set(variable, at),
  })
  const days = (variable: string) => Math.round(((measured.get(variable) ?? 0) - Date.now() / 1000) / 86_400)
  expect([days("AA_TLS_CERT"), days("AA_TLS_CLIENT_CA"), days("AA_TLS_CLIENT_CRL")]).toEqual([13, 30, 1])
  await log.flush()
  const warned = stdout.join("")
  expect(warned).toContain("AA_TLS_CERT expires soon: renew the file, or clients refuse the broker")
  expect(warned).toContain("AA_TLS_CLIENT_CRL expires soon")
  expect(warned).not.toContain("AA_TLS_CLIENT_CA")
})

test("a client certificate that the revocation list names is refused, another is not", async () => {
  await using folder = await brokerFolder()
  const { file, revocationList } = authorityIn(folder)
  revocationList("30")
  const settings = {
    AA_TLS_MODE: "mtls",
    AA_TLS_CERT: file("broker.pem"),
    AA_TLS_KEY: file("broker-key.pem"),
    AA_TLS_CLIENT_CA: file("ca.pem"),
    AA_TLS_CLIENT_CRL: file("clients.crl"),
  }
  const status = async () => {
    const broker = await startBroker(folder, settings)
    const { port } = new URL(broker.url.replace(/ .*/, ""))
    const { promise, resolve } = Promise.withResolvers()
    const client = { ca: readFileSync(file("ca.pem")), cert: readFileSync(file("client.pem")) }
    const key = readFileSync(file("client-key.pem"))
    request({ host: "127.0.0.1", port, path: "/v1/health", agent: false, ...client, key }, (answer) =>
      resolve(answer.resume().statusCode),
    )
      .on("error", () => resolve("refused"))
      .end()
    try {
      return await promise
    } finally {
      await broker.stop()
    }
  }
  expect(await status()).toBe(200)
  revocationList("30", "client.pem")
  expect(await status()).toBe("refused")
})

test("a revocation list without an end, and a file without a list, have none", () => {
  expect(nextUpdateOf(Buffer.from("no list"))).toBeUndefined()
})
