import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { Agent, get } from "node:https"
import { join } from "node:path"
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls"
import { fileURLToPath } from "node:url"
import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { describe, expect, test } from "vitest"
import { missingPrograms } from "../src/shell.ts"

const SCRIPT = fileURLToPath(new URL("../../../scripts/gen_test_certs.sh", import.meta.url))

function certificates({ path }: BrokerFolder) {
  const folder = join(path, "certs")
  execFileSync(SCRIPT, [folder], { stdio: "ignore" })
  const file = (name: string) => join(folder, name)
  const read = (name: string) => readFileSync(file(name))
  return {
    file,
    ca: read("ca.pem"),
    client: { cert: read("client.pem"), key: read("client-key.pem") },
    tls: { AA_TLS_MODE: "tls", AA_TLS_CERT: file("broker.pem"), AA_TLS_KEY: file("broker-key.pem") },
    mtls: {
      ...{ AA_TLS_MODE: "mtls", AA_TLS_CERT: file("broker.pem"), AA_TLS_KEY: file("broker-key.pem") },
      AA_TLS_CLIENT_CA: file("ca.pem"),
    },
  }
}

function health(url: string, options: object): Promise<{ status: number; hsts: string | undefined }> {
  return new Promise((resolve, reject) => {
    get(`${url}/v1/health`, options, (response) => {
      response.resume()
      const hsts = response.headers["strict-transport-security"]
      response.on("end", () => resolve({ status: response.statusCode ?? 0, hsts }))
    }).on("error", reject)
  })
}

/** The server's certificate after an answered request, or the error. */
function handshake(url: string, options: ConnectionOptions, request = "GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n") {
  const { hostname, port } = new URL(url)
  return new Promise<{ fingerprint: string; answer: string; socket: TLSSocket }>((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), servername: "localhost", ...options }, () =>
      socket.write(request),
    )
    socket
      .setEncoding("utf8")
      .once("data", (answer: string) =>
        resolve({ fingerprint: socket.getPeerCertificate().fingerprint256, answer, socket }),
      )
    socket.once("error", reject)
    socket.once("close", () => reject(new Error("closed")))
  })
}

const HSTS = "max-age=63072000; includeSubDomains"

describe.skipIf(missingPrograms("TLS", "bash", "openssl"))("over TLS", () => {
  test("every answer has HSTS, also the parser's; TLS below 1.2 and ciphers without AEAD are refused", async () => {
    await using folder = await brokerFolder()
    const { ca, tls } = certificates(folder)
    await using broker = await startBroker(folder, tls)
    expect(broker.output().stdout).toMatch(/listening on 127\.0\.0\.1:\d+ \(TLS\)\n/)
    expect(await health(broker.url, { ca })).toEqual({ status: 200, hsts: HSTS })
    const broken = await handshake(broker.url, { ca }, "no HTTP\r\n\r\n")
    expect(broken.answer.toLowerCase()).toContain(`strict-transport-security: ${HSTS.toLowerCase()}`)
    await expect(
      handshake(broker.url, { ca, maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }),
    ).rejects.toThrow()
    await expect(
      handshake(broker.url, { ca, maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" }),
    ).rejects.toThrow()
    const { socket } = await handshake(broker.url, {
      ca,
      maxVersion: "TLSv1.2",
      ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256",
    })
    socket.destroy()
    expect(await broker.end("SIGTERM")).toMatchObject({ code: 0 })
  })

  test("mTLS refuses a client without a certificate, or with one of another CA, in the handshake", async () => {
    await using folder = await brokerFolder()
    await using stranger = await brokerFolder()
    const { ca, client, mtls } = certificates(folder)
    await using broker = await startBroker(folder, mtls)
    expect(broker.output().stdout).toContain(" (mTLS)\n")
    expect(await health(broker.url, { ca, ...client })).toEqual({ status: 200, hsts: HSTS })
    await expect(health(broker.url, { ca })).rejects.toThrow()
    await expect(health(broker.url, { ca, ...certificates(stranger).client })).rejects.toThrow()
  })

  test("SIGHUP reads the certificates again and keeps connections; broken certificates are not used", async () => {
    await using folder = await brokerFolder()
    const { ca, file, tls } = certificates(folder)
    await using broker = await startBroker(folder, tls)
    using agent = {
      keepAlive: new Agent({ keepAlive: true, maxSockets: 1, ca }),
      [Symbol.dispose]: () => agent.keepAlive.destroy(),
    }
    await health(broker.url, { agent: agent.keepAlive })
    const before = await handshake(broker.url, { ca })

    writeFileSync(file("broker.pem"), "no certificate")
    broker.child.kill("SIGHUP")
    await expect.poll(() => broker.output().stderr).toContain("certificates kept as they were")
    expect((await handshake(broker.url, { ca })).fingerprint).toBe(before.fingerprint)

    const { ca: newCa } = certificates(folder)
    broker.child.kill("SIGHUP")
    await expect.poll(() => broker.output().stdout).toContain("certificates read again")
    const after = await handshake(broker.url, { ca: newCa })
    expect(after.fingerprint).not.toBe(before.fingerprint)
    expect(await health(broker.url, { agent: agent.keepAlive })).toEqual({ status: 200, hsts: HSTS })
    before.socket.write("GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n")
    await expect(new Promise((resolve) => before.socket.once("data", resolve))).resolves.toMatch(/^HTTP\/1.1 200/)
  })
})
