import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { awrit, operator } from "@agentwrit/testing/awrit"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { describe, expect, test } from "vitest"
import { missingPrograms } from "../../src/shell.ts"

const CERTIFICATES = fileURLToPath(new URL("../../../../scripts/gen_test_certs.sh", import.meta.url))

describe.skipIf(missingPrograms("awrit over TLS", "openssl"))("over TLS", () => {
  test.each(["tls", "mtls"])("%s: works with the certificates that it needs, and names a missing one", async (mode) => {
    await using folder = await brokerFolder()
    const certificates = join(folder.path, "certs")
    execFileSync(CERTIFICATES, [certificates], { stdio: "ignore" })
    const file = (name: string): string => join(certificates, `${name}.pem`)
    await using broker = await startBroker(folder, {
      AA_TLS_MODE: mode,
      AA_TLS_CERT: file("broker"),
      AA_TLS_KEY: file("broker-key"),
      ...(mode === "mtls" && { AA_TLS_CLIENT_CA: file("ca") }),
    })
    const env = operator(broker.url)
    const own = { AACTL_CERT: file("client"), AACTL_KEY: file("client-key") }
    const trusting = { ...env, AACTL_CA: file("ca"), ...(mode === "mtls" && own) }
    expect((await awrit(["app", "list"], { env: trusting })).code).toBe(0)
    const flags = mode === "mtls" ? ["--cert", own.AACTL_CERT, "--key", own.AACTL_KEY] : []
    expect((await awrit(["health", "--ca", file("ca"), ...flags], { env })).code).toBe(0)
    const shared = { env: { ...env, ...(mode === "mtls" && own), SSL_CERT_FILE: file("ca") } }
    expect((await awrit(["app", "list"], shared)).code).toBe(0)
    const doctor = await awrit(["doctor"], { env: trusting })
    expect([doctor.code, doctor.stdout]).toEqual([
      0,
      expect.stringMatching(/✓ certificate +trusted \(TLSv1\.3\), valid until/),
    ])

    const distrusted = await awrit(["health"], { env })
    expect(distrusted).toMatchObject({ code: 1, stdout: "" })
    expect(distrusted.stderr).toMatch(
      /^awrit: .*its certificate is not trusted: give the CA certificate with --ca FILE.*\n$/,
    )
    if (mode === "mtls") {
      const stranger = await awrit(["health", "--ca", file("ca")], { env })
      expect(stranger).toMatchObject({ code: 1, stdout: "" })
      expect(stranger.stderr).toMatch(/^awrit: .*--cert FILE and --key FILE.*\n$/)
    }
    // The doctor checks certificates even when Node is told not to.
    const unverified = await awrit(["doctor"], { env: { ...env, ...own, NODE_TLS_REJECT_UNAUTHORIZED: "0" } })
    expect([unverified.code, unverified.stdout]).toEqual([
      1,
      expect.stringMatching(/✗ certificate +it is not verified/),
    ])
    const plain = await awrit(["health"], { env: { ...env, AACTL_BROKER_URL: broker.url.replace("https", "http") } })
    expect(plain.stderr).toMatch(/^awrit: .*check http or https in its URL.*\n$/)
    expect(await awrit(["health", "--ca", join(folder.path, "none")], { env })).toMatchObject({ code: 1 })
    expect(
      await awrit(["health", "--ca", file("ca"), "--cert", file("client"), "--key", file("broker-key")], { env }),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot be used together"),
    })
  })
})
