import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { brokerVariables, inRepository, readText } from "../../src/repository.ts"
import { missingPrograms, shell } from "../../src/shell.ts"

const UNIT = "deploy/systemd/agentwrit-broker.service"
const said = (name: string) =>
  [...readText(UNIT).matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value)

test("unit and environment file set only variables of the broker", () => {
  const file = [...readText("deploy/systemd/broker.env").matchAll(/^#?(AA_\w+)=/gm)].map(([, name = ""]) => name)
  const unit = said("Environment").flatMap((line) => line.match(/\bAA_\w+/g) ?? [])
  for (const name of [...file, ...unit]) expect(brokerVariables()).toContain(name)
  expect(file).toContain("AA_ADMIN_SECRET")
})

test("the state stays in the folder that systemd makes, and the certificates are read again on reload", () => {
  const [folder] = said("StateDirectory")
  expect(said("Environment").join(" ")).toContain(`AA_DB_PATH=/var/lib/${folder}/data.db`)
  expect(said("ExecReload")).toEqual(["/bin/kill -HUP $MAINPID"])
  const { bin } = JSON.parse(readText("apps/broker/package.json"))
  expect(Object.keys(bin)).toContain(said("ExecStart")[0]?.split(" ").at(-1))
})

describe.skipIf(missingPrograms("systemd's look at the unit", "systemd-analyze"))("systemd-analyze", () => {
  test("finds nothing wrong, and the exposure low", async () => {
    const verified = await shell(`systemd-analyze verify ${inRepository(UNIT)}`)
    expect(verified).toEqual({ code: 0, stdout: "", stderr: "" })
    const { stdout } = await shell(`systemd-analyze security --offline=true ${inRepository(UNIT)}`)
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(2)
  })

  test("would find what is wrong", async () => {
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
