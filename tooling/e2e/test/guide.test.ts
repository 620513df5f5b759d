import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ADMIN_SECRET, type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call, registration } from "@agentwrit/testing/client"
import { describe, expect, test } from "vitest"
import { missingPrograms, shell } from "../src/shell.ts"

const SEEDS = fileURLToPath(new URL("../../../../shared/seeds", import.meta.url))
const CERTIFICATES = fileURLToPath(new URL("../../../scripts/gen_test_certs.sh", import.meta.url))

/** The guide's lines, unchanged. */
const GUIDE = {
  health: "curl -s http://localhost:8080/v1/health | jq .",
  bareHealth: "curl http://localhost:8080/v1/health",
  signIn: String.raw`ADMIN_TOKEN=$(curl -s -X POST http://localhost:8080/v1/admin/auth \
  -H "Content-Type: application/json" \
  -d "{\"secret\": \"$AA_ADMIN_SECRET\"}" \
  | python3 -c "import sys,json; print(json.load(sys.stdin)['access_token'])")`,
  launchToken: String.raw`curl -s -X POST http://localhost:8080/v1/admin/launch-tokens \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -d '{
    "agent_name": "data-processor",
    "allowed_scope": ["read:data:*", "write:data:*"],
    "max_ttl": 300,
    "single_use": true,
    "ttl": 30
  }'`,
  release: String.raw`curl -s -X POST "http://localhost:8080/v1/token/release" \
  -H "Authorization: Bearer <agent-token>"`,
  tls: "curl --cacert /etc/broker/certs/ca.crt https://localhost:8080/v1/health",
  mtls: String.raw`curl \
  --cacert /etc/broker/certs/ca.crt \
  --cert /etc/broker/certs/client.crt \
  --key /etc/broker/certs/client.key \
  https://localhost:8080/v1/health`,
}

/** Replaces only the guide's port and paths by those of this run. */
function here(line: string, broker: BrokerProcess, certificates = ""): string {
  const { port } = new URL(broker.url)
  return line
    .replaceAll("localhost:8080", `localhost:${port}`)
    .replaceAll("/etc/broker/certs/ca.crt", join(certificates, "ca.pem"))
    .replaceAll("/etc/broker/certs/client.crt", join(certificates, "client.pem"))
    .replaceAll("/etc/broker/certs/client.key", join(certificates, "client-key.pem"))
}

const HEALTH = {
  status: "ok",
  version: expect.stringMatching(/^2\./),
  uptime: expect.any(Number),
  db_connected: true,
  audit_events_count: expect.any(Number),
  audit_chain: expect.stringMatching(/^(ok|verifying)$/),
}

test.runIf(existsSync(SEEDS))("the lines are the guide's", () => {
  const guide = readdirSync(SEEDS)
    .map((name) => readFileSync(join(SEEDS, name), "utf8"))
    .join("\n")
  for (const line of Object.values(GUIDE)) expect(guide).toContain(line)
})

describe.skipIf(missingPrograms("the guide's lines", "bash", "curl", "jq", "python3"))("the guide's lines", () => {
  test("from bootstrap to release", async () => {
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder)
    const environment = { AA_ADMIN_SECRET: ADMIN_SECRET }

    for (const line of [GUIDE.health, GUIDE.bareHealth]) {
      const { stdout } = await shell(here(line, broker))
      expect(JSON.parse(stdout)).toEqual(HEALTH)
    }
    const before = Date.now()
    const made = await shell(here(`${GUIDE.signIn}\n${GUIDE.launchToken}`, broker), environment)
    const after = Date.now()
    const answer = JSON.parse(made.stdout)
    expect(answer).toEqual({
      id: expect.stringMatching(/^lt-[0-9a-f]{16}$/),
      launch_token: expect.stringMatching(/^[0-9a-f]{64}$/),
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
      policy: { allowed_scope: ["read:data:*", "write:data:*"], max_ttl: 300 },
    })
    // In whole seconds, and of an instant between the two.
    const issuedAt = Date.parse(answer.expires_at) - 30_000
    expect(issuedAt).toBeGreaterThan(before - 1000)
    expect(issuedAt).toBeLessThan(after + 1000)

    const json = await registration(broker.url, answer.launch_token)
    const { body } = await call(broker.url, "POST /v1/register", { json })
    const release = here(GUIDE.release.replace("<agent-token>", body.access_token), broker)
    const released = await shell(release.replace("curl -s", "curl -s -i"))
    expect(released.stdout).toMatch(/^HTTP\/1\.1 204 No Content\r\n/)
    const again = await shell(release)
    expect(JSON.parse(again.stdout)).toMatchObject({ status: 403, error_code: "token_revoked" })
  })
})

describe.skipIf(missingPrograms("the guide's TLS lines", "bash", "curl", "openssl"))("the guide's TLS lines", () => {
  test.each([
    ["tls", GUIDE.tls, "(TLS)"],
    ["mtls", GUIDE.mtls, "(mTLS)"],
  ])("%s: serves its clients, and no others", async (mode, line, said) => {
    await using folder = await brokerFolder()
    const certificates = join(folder.path, "certs")
    execFileSync(CERTIFICATES, [certificates], { stdio: "ignore" })
    await using broker = await startBroker(folder, {
      AA_TLS_MODE: mode,
      AA_TLS_CERT: join(certificates, "broker.pem"),
      AA_TLS_KEY: join(certificates, "broker-key.pem"),
      ...(mode === "mtls" && { AA_TLS_CLIENT_CA: join(certificates, "ca.pem") }),
    })
    expect(broker.output().stdout).toMatch(/^AgentWrit broker v2\.\d+\.\d+\S* listening on \S+ \(m?TLS\)$/m)
    expect(broker.output().stdout).toContain(said)
    const { stdout } = await shell(here(line, broker, certificates))
    expect(JSON.parse(stdout)).toEqual(HEALTH)
    // A client that does not trust the CA; with mTLS, also one without a certificate.
    const others = [line.replace(/--cacert \S+/, ""), ...(mode === "mtls" ? [GUIDE.tls] : [])]
    for (const other of others) {
      const refused = await shell(here(other, broker, certificates))
      expect([refused.stdout, refused.code === 0]).toEqual(["", false])
    }
  })
})
