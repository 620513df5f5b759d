import { mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { awritOnPath } from "@agentwrit/testing/awrit"
import {
  ADMIN_SECRET,
  type BrokerFolder,
  brokerFolder,
  runBroker,
  startBroker,
} from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import Sqlite from "better-sqlite3"
import { describe, expect, test } from "vitest"
import { blocksOf } from "../../src/repository.ts"
import { missingPrograms, type ShellEnd, shell } from "../../src/shell.ts"

const [keepCheckpoint = "", backUp = "", verifyBackup = "", putBack = "", ...more] = blocksOf("docs/backup.md", "sh")

/** Runs lines of the page, with only the broker's folder and user replaced. */
async function type(folder: BrokerFolder, lines: string, url = ""): Promise<ShellEnd> {
  const here = lines
    .replaceAll("http://localhost:8080", url)
    .replaceAll("/var/lib/agentwrit", folder.path)
    .replaceAll("/var/backups/agentwrit", join(folder.path, "backups"))
    .replaceAll(/sudo (-u agentwrit )?/g, "")
    .replaceAll(" -o agentwrit -g agentwrit", "")
  const path = `PATH=${await awritOnPath(folder.path)}:$PATH`
  return shell(`set -euo pipefail; ${path}; cd ${folder.path}\n${here}`, { AA_ADMIN_SECRET: ADMIN_SECRET })
}

const done = (end: ShellEnd) => expect({ code: end.code, stderr: end.code === 0 ? "" : end.stderr })

describe.skipIf(missingPrograms("the drill of a restore", "bash", "curl", "jq"))("the page on backups", () => {
  test("has four blocks of lines, which the drill runs", () => expect([putBack === "", more]).toEqual([false, []]))

  test("its lines restore a lost database, and verifiers keep every revocation that they knew", async () => {
    await using folder = await brokerFolder()
    mkdirSync(join(folder.path, "backups"))
    const broker = await startBroker(folder)
    const { url } = broker
    const admin = await adminToken(url)
    const verifier = testVerifier({ brokerUrl: url })
    await verifier.ready()
    const [good, before, after] = await Promise.all([agent(url, admin), agent(url, admin), agent(url, admin)])
    const verdicts = async () =>
      Promise.all([good, before, after].map(({ access_token }) => verdict(verifier, access_token)))
    await revoke(url, admin, "agent", before.agent_id)

    done(await type(folder, keepCheckpoint, url)).toEqual({ code: 0, stderr: "" })
    done(await type(folder, backUp)).toEqual({ code: 0, stderr: "" })
    await revoke(url, admin, "agent", after.agent_id)
    await expect.poll(verdicts).toEqual([good.agent_id, "token_revoked", "token_revoked"])

    expect(await broker.end("SIGTERM")).toMatchObject({ code: 0 })
    const verified = await type(folder, verifyBackup)
    done(verified).toEqual({ code: 0, stderr: "" })
    expect(verified.stdout).toMatch(/^verdict +sound$/m)
    done(await type(folder, putBack)).toEqual({ code: 0, stderr: "" })
    expect(readdirSync(join(folder.path, "lost"))).toContain("data.db")

    const environment = { AA_PORT: new URL(url).port }
    const undeclared = await runBroker({ ...folder.environment, ...environment })
    expect([undeclared.code, undeclared.stderr]).toEqual([1, expect.stringContaining("AA_DECLARE_RESTORE")])
    await using restored = await startBroker(folder, { ...environment, AA_DECLARE_RESTORE: "drill" })
    expect(restored.url).toBe(url)
    const anew = await adminToken(url)
    const events = await trail(url, anew)
    expect(auditProblems(events)).toEqual([])
    expect(events.filter(({ event_type }) => event_type === "trail_restored")).toHaveLength(1)

    // The broker lost the revocations since the backup. Verifiers that followed the feed still have them.
    const asked = await call(url, "POST /v1/token/validate", { json: { token: after.access_token } })
    expect(asked.body.valid).toBe(true)
    await expect.poll(verdicts).toEqual([good.agent_id, "token_revoked", "token_revoked"])
    // The verifier follows the restored broker: it gets a new revocation.
    await revoke(url, anew, "agent", good.agent_id)
    await expect.poll(verdicts).toEqual(["token_revoked", "token_revoked", "token_revoked"])
  }, 60_000)

  test("its lines detect a truncated backup", async () => {
    await using folder = await brokerFolder()
    mkdirSync(join(folder.path, "backups"))
    await using broker = await startBroker(folder)
    await agent(broker.url, await adminToken(broker.url))
    done(await type(folder, keepCheckpoint, broker.url)).toEqual({ code: 0, stderr: "" })
    done(await type(folder, backUp)).toEqual({ code: 0, stderr: "" })
    const [name = ""] = readdirSync(join(folder.path, "backups"))
    const path = join(folder.path, "backups", name)
    const backup = new Sqlite(path)
    backup.exec("DELETE FROM events WHERE seq > 2; DELETE FROM checkpoints")
    backup.close()
    const { code, stdout } = await type(folder, verifyBackup)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^verdict +BROKEN$/m)])
  })
})
