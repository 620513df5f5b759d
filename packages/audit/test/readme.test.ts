import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { formatVerifierKey, signCheckpoint, verifierKeyOf } from "@agentwrit/audit"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { auditKey, trail } from "./trail.ts"

const run = promisify(execFile)
const origin = "agentwrit.local/audit"
const { events, edge } = trail(3)
const exported = events.map((event) => `${JSON.stringify(event)}\n`).join("")
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentwrit-audit-readme-"))
  // The examples run in their own folder, with the packages installed as for any user.
  const scope = join(folder, "node_modules", "@agentwrit")
  await mkdir(scope, { recursive: true })
  for (const name of ["audit", "core"])
    await symlink(fileURLToPath(new URL(`../../${name}`, import.meta.url)), join(scope, name), "dir")
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8")
  const [verify = "", append = ""] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((block) => block[1])
  await writeFile(join(folder, "verify.mts"), verify)
  await writeFile(join(folder, "append.mts"), append)
  await writeFile(join(folder, "audit.pub"), `${formatVerifierKey(verifierKeyOf(origin, auditKey.publicKey))}\n`)
  await writeFile(join(folder, "checkpoint.txt"), signCheckpoint({ origin, size: 3, root: edge.root() }, auditKey))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Runs one of the README's examples as it stands. */
async function example(name: string): Promise<{ stdout: string; code: number }> {
  try {
    const { stdout } = await run(process.execPath, ["--conditions=@agentwrit/source", name], { cwd: folder })
    return { stdout, code: 0 }
  } catch (error) {
    return error as { stdout: string; code: number }
  }
}

describe("the README's example", () => {
  test("verifies an intact export", async () => {
    await writeFile(join(folder, "trail.ndjson"), exported)
    expect(await example("verify.mts")).toMatchObject({ stdout: "3 events, as signed\n", code: 0 })
  })

  test("names the broken event of an edited export", async () => {
    await writeFile(join(folder, "trail.ndjson"), exported.replace("event number 1", "event number 9"))
    const { stdout, code } = await example("verify.mts")
    expect(stdout).toMatch(
      /^audit trail broken at event 2: the event was edited: its hash does not match its content \(expected [0-9a-f]{64}, found [0-9a-f]{64}\)\n$/,
    )
    expect(code).toBe(1)
  })

  test("detects a cut tail", async () => {
    await writeFile(join(folder, "trail.ndjson"), exported.split("\n").slice(0, 2).join("\n"))
    const { stdout, code } = await example("verify.mts")
    expect(stdout).toContain("broken at event 3: the trail ends before the checkpoint")
    expect(code).toBe(1)
  })

  test("appends and signs", async () => {
    const { stdout, code } = await example("append.mts")
    expect(stdout).toMatch(/^evt-000001 agentwrit\.local\/audit\n1\n.{44}\n\n— agentwrit\.local\/audit \S+\n\n$/)
    expect(code).toBe(0)
  })
})
