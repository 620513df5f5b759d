import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { awritOnPath } from "@agentwrit/testing/awrit"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { describe, expect, test } from "vitest"
import { brokerVariables, filesIn, inRepository, readText } from "../../src/repository.ts"
import { missingPrograms, shell } from "../../src/shell.ts"

const UNIT = "deploy/systemd/agentwrit-broker.service"
const BACKUP = "deploy/systemd/agentwrit-backup.service"
const TIMER = "deploy/systemd/agentwrit-backup.timer"
const said = (name: string, unit = UNIT) =>
  [...readText(unit).matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value)

test("unit and environment file set only variables of the broker", () => {
  const file = [...readText("deploy/systemd/broker.env").matchAll(/^#?(AA_\w+)=/gm)].map(([, name = ""]) => name)
  const unit = said("Environment").flatMap((line) => line.match(/\bAA_\w+/g) ?? [])
  for (const name of [...file, ...unit]) expect(brokerVariables()).toContain(name)
  // A variable would show the secret to everyone who may read the unit's environment.
  expect([...file, ...unit]).not.toContain("AA_ADMIN_SECRET")
  const [, credential = ""] = /AA_ADMIN_SECRET_FILE=%d\/(\S+)/.exec(said("Environment").join(" ")) ?? []
  expect(said("LoadCredential")).toEqual([`${credential}:/etc/agentwrit/${credential}`])
  expect(readText("docs/operator.md")).toContain(`/etc/agentwrit/${credential}`)
})

test("the state is in the folder that systemd creates, and a reload reads the certificates again", () => {
  const [folder] = said("StateDirectory")
  expect(said("Environment").join(" ")).toContain(`AA_DB_PATH=/var/lib/${folder}/data.db`)
  expect(said("ExecReload")).toEqual(["/bin/kill -HUP $MAINPID"])
  const { bin } = JSON.parse(readText("apps/broker/package.json"))
  expect(Object.keys(bin)).toContain(said("ExecStart")[0]?.split(" ").at(-1))
})

test("the backup's unit copies the broker's database as its user, and the timer starts it", async () => {
  for (const like of ["User", "Group", "StateDirectory"]) expect(said(like, BACKUP)).toEqual(said(like))
  expect(filesIn("deploy/systemd")).toContain(`${/([\w-]+)\.timer$/.exec(TIMER)?.[1]}.service`)
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  await adminToken(broker.url)
  const bin = await awritOnPath(folder.path)
  const backups = join(folder.path, "backups")
  mkdirSync(backups)
  const old = join(backups, "2020-01-01-000000.db")
  writeFileSync(old, "")
  utimesSync(old, 0, 0)
  // In systemd's files, %% means % and $$ means $.
  const [command = "", sweep = ""] = [...said("ExecStart", BACKUP), ...said("ExecStartPost", BACKUP)].map((line) =>
    line
      .replaceAll("%%", "%")
      .replaceAll("$$", "$")
      .replaceAll("/var/lib/agentwrit", folder.path)
      .replaceAll("/var/backups/agentwrit", backups),
  )
  expect(await shell(`PATH=${bin}:$PATH; ${command}`)).toMatchObject({ code: 0, stderr: "" })
  expect(await shell(sweep)).toMatchObject({ code: 0, stderr: "" })
  expect(readdirSync(backups)).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d-\d{6}\.db$/)])
  expect(existsSync(old)).toBe(false)
})

describe.skipIf(missingPrograms("systemd's look at the unit", "systemd-analyze"))("systemd-analyze", () => {
  test.each([UNIT, BACKUP, TIMER])("finds nothing wrong with %s", async (unit) => {
    expect(await shell(`systemd-analyze verify ${inRepository(unit)}`)).toEqual({ code: 0, stdout: "", stderr: "" })
  })

  test.each([UNIT, BACKUP])("finds the exposure of %s low", async (unit) => {
    const { stdout } = await shell(`systemd-analyze security --offline=true ${inRepository(unit)}`)
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(2)
  })

  test("detects a wrong unit", async () => {
    const folder = mkdtempSync(join(tmpdir(), "agentwrit-unit-"))
    try {
      const broken = join(folder, "agentwrit-broker.service")
      writeFileSync(broken, readText(UNIT).replace("[Service]", "[Service]\nTypo=yes"))
      expect(() => execFileSync("systemd-analyze", ["verify", broken], { stdio: "pipe" })).not.toThrow()
      expect((await shell(`systemd-analyze verify ${broken}`)).stderr).toContain("Typo")
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
