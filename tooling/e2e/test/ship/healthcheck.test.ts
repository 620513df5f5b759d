import { execFileSync, spawn } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { once } from "node:events"
import { readFileSync, renameSync, symlinkSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { connect } from "node:tls"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { describe, expect, test } from "vitest"
import { inRepository } from "../../src/repository.ts"
import { missingPrograms } from "../../src/shell.ts"

/** Runs the health check as a supervisor does, with the broker's environment. */
async function check(environment: Record<string, string>): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [inRepository("apps/broker/dist/healthcheck.js")], {
    env: { HOME: "/nonexistent", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text))
  const [code] = await once(child, "close")
  return { code, said }
}

/** The output of the health check while another server has the port. */
async function checkOf(answer: RequestListener): Promise<{ code: number; said: string }> {
  const server = createServer(answer).listen(0, "127.0.0.1")
  await once(server, "listening")
  try {
    return await check({ AA_PORT: String((server.address() as AddressInfo).port) })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe("the health check", () => {
  test("fails when the store cannot commit, and says where to look", async () => {
    const { code, said } = await checkOf((_, answer) => answer.writeHead(503).end())
    expect([code, said]).toEqual([
      1,
      expect.stringContaining("the broker answers 503: its store cannot commit, its log says why"),
    ])
  })

  test("gives up when the broker does not answer", async () => {
    const { code, said } = await checkOf(() => undefined)
    expect([code, said]).toEqual([1, expect.stringContaining("no answer within 4000 ms")])
  })

  test("says when it cannot know the port", async () => {
    const { code, said } = await check({ AA_PORT: "0" })
    expect([code, said]).toEqual([1, expect.stringContaining("set AA_PORT")])
  })

  test.skipIf(missingPrograms("the health check over mTLS", "bash", "openssl"))(
    "over mTLS takes an empty client certificate for none, as it takes every empty variable",
    async () => {
      await using folder = await brokerFolder()
      const at = (name: string) => join(folder.path, "certs", name)
      execFileSync(inRepository("scripts/gen_test_certs.sh"), [join(folder.path, "certs")], { stdio: "ignore" })
      const tls = {
        AA_TLS_MODE: "mtls",
        AA_TLS_CERT: at("broker.pem"),
        AA_TLS_KEY: at("broker-key.pem"),
        AA_TLS_CLIENT_CA: at("ca.pem"),
      }
      await using broker = await startBroker(folder, tls)
      const env = { ...tls, AA_PORT: new URL(broker.url).port, HEALTHCHECK_CLIENT_CERT: "", HEALTHCHECK_CLIENT_KEY: "" }
      expect(await check(env)).toEqual({ code: 0, said: "shakes hands\n" })
    },
  )
})

test.skipIf(missingPrograms("renewed certificates", "bash", "openssl"))(
  "certificates that are swapped by a symbolic link: the health check keeps passing, the broker serves the new ones",
  async () => {
    await using folder = await brokerFolder()
    const script = inRepository("scripts/gen_test_certs.sh")
    const at = (name: string) => join(folder.path, name)
    for (const name of ["old", "new"]) execFileSync(script, [at(name)], { stdio: "ignore" })
    symlinkSync("old", at("certs"))
    const tls = {
      AA_TLS_MODE: "tls",
      AA_TLS_CERT: at("certs/broker.pem"),
      AA_TLS_KEY: at("certs/broker-key.pem"),
    }
    await using broker = await startBroker(folder, tls)
    const env = { ...tls, AA_PORT: new URL(broker.url).port }
    // As the kubelet does it: a new link takes the old one's name.
    symlinkSync("new", at("next"))
    renameSync(at("next"), at("certs"))
    expect(await check(env)).toEqual({ code: 0, said: "serving\n" })
    await expect.poll(() => broker.output().stdout).toContain("certificates read again")
    const served = await new Promise<string>((resolve, reject) => {
      const socket = connect(
        { port: Number(env.AA_PORT), ca: readFileSync(at("new/ca.pem")), host: "127.0.0.1" },
        () => {
          resolve(socket.getPeerX509Certificate()?.toString() ?? "")
          socket.destroy()
        },
      ).on("error", reject)
    })
    expect(served).toBe(new X509Certificate(readFileSync(at("new/broker.pem"))).toString())
  },
)
