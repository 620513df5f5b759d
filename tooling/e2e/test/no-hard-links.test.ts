import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { describe, expect, test } from "vitest"
import { inRepository } from "../src/repository.ts"
import { missingPrograms, shell } from "../src/shell.ts"

// exFAT, object-store mounts and some network shares have no hard links.
// With -D the program itself is our child, so that it gets our signals.
const WITHOUT_LINKS = "strace -D -f -qq -o /dev/null -e trace=link,linkat -e inject=link,linkat:error=EPERM"

const AWRIT = `${WITHOUT_LINKS} ${process.execPath} ${inRepository("apps/awrit/dist/main.js")}`

describe.skipIf(missingPrograms("a file system without hard links", "strace"))("where there are no hard links", () => {
  test("the first start makes its keys, and a backup its file, which neither replaces another", async () => {
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, {}, WITHOUT_LINKS.split(" "))
    expect((await call(broker.url, "GET /v1/health")).status).toBe(200)
    expect(readFileSync(join(folder.path, "signing.key"), "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----/)

    const backup = `${AWRIT} backup --db ${join(folder.path, "data.db")} --to ${join(folder.path, "copy.db")}`
    const environment = { HOME: folder.path, AACTL_BROKER_URL: broker.url, AACTL_ADMIN_SECRET: ADMIN_SECRET }
    expect(await shell(backup, environment)).toMatchObject({ code: 0 })
    expect(await shell(backup, environment)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("copy.db exists already"),
    })
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".tmp"))).toEqual([])
  })

  test("awrit init writes its file, and does not replace it", async () => {
    await using folder = await brokerFolder()
    const config = join(folder.path, "config")
    const init = `${AWRIT} init --mode dev --config-path ${config}`
    expect(await shell(init, { HOME: folder.path })).toMatchObject({ code: 0 })
    const written = readFileSync(config, "utf8")
    expect(await shell(init, { HOME: folder.path })).toMatchObject({ code: 1 })
    expect(readFileSync(config, "utf8")).toBe(written)
  })
})
