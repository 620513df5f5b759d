import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { UnavailableError } from "@agentwrit/authority"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CheckpointFileError, checkpointPath, fileAnchor } from "../src/checkpoint-anchor.ts"

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentwrit-witness-"))
  path = join(folder, "audit.checkpoint")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const root = (fill: string): string => `${fill.repeat(43)}=`

const note = (
  size: number | string,
  { fill = "A", origin = "agentwrit.local/audit", signature = "c2ln" } = {},
): string => `${origin}\n${size}\n${root(fill)}\n\n— ${origin} ${signature}\n`

const failure = async (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => undefined,
    (error: unknown) => error,
  )

describe("fileAnchor", () => {
  it("is a file beside the audit key", () => {
    expect(checkpointPath("/keys/audit.key")).toBe("/keys/audit.checkpoint")
    expect(checkpointPath("audit.key")).toBe("audit.checkpoint")
  })

  it("is empty at first", async () => {
    expect(await fileAnchor(path).kept()).toBeUndefined()
  })

  it("writes once for all waiting calls", async () => {
    const written: string[] = []
    const watcher = watch(folder, (_, name) => {
      if (name === "audit.checkpoint") written.push(name)
    })
    const anchor = fileAnchor(path)
    await Promise.all(Array.from({ length: 60 }, (_, at) => anchor.keep(note(1 + at))))
    expect(await anchor.kept()).toBe(note(60))
    await Promise.all(Array.from({ length: 60 }, (_, at) => anchor.keep(note(200 - at))))
    expect(await anchor.kept()).toBe(note(200))
    await expect.poll(() => written.length).toBeGreaterThan(0)
    watcher.close()
    expect(written.length).toBeLessThan(12)
  })

  it("keeps a note across restarts, readable only by its owner, and leaves no other file", async () => {
    await fileAnchor(path).keep(note(1))
    await fileAnchor(path).keep(note(2, { fill: "B" }))
    expect(await fileAnchor(path).kept()).toBe(note(2, { fill: "B" }))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(["audit.checkpoint"])
  })

  it("replaces the file instead of writing into it", async () => {
    await fileAnchor(path).keep(note(1))
    chmodSync(path, 0o644)
    const before = statSync(path).ino
    await fileAnchor(path).keep(note(2))
    expect(statSync(path).ino).not.toBe(before)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it("compares sizes as numbers of any length", async () => {
    const anchor = fileAnchor(path)
    for (const size of ["9", "10", "9007199254740992", "9007199254740993"]) {
      await anchor.keep(note(size, { fill: size.at(-1) ?? "A" }))
      expect(await anchor.kept()).toContain(`\n${size}\n`)
    }
    await anchor.keep(note("9007199254740992", { fill: "2" }))
    expect(await anchor.kept()).toContain("\n9007199254740993\n")
  })

  it("never goes back to an older note", async () => {
    const anchor = fileAnchor(path)
    await anchor.keep(note(10))
    await anchor.keep(note(9))
    expect(await anchor.kept()).toBe(note(10))
  })

  it("keeps the newest note of concurrent calls", async () => {
    const anchor = fileAnchor(path)
    const sizes = Array.from({ length: 40 }, (_, i) => ((i * 17) % 40) + 1)
    await Promise.all(sizes.map((size) => anchor.keep(note(size))))
    expect(await anchor.kept()).toBe(note(40))
    expect(readdirSync(folder)).toEqual(["audit.checkpoint"])
  })

  it("resolves only once the note is on disk", async () => {
    const anchor = fileAnchor(path)
    const sizes = [3, 5, 4]
    await Promise.all(
      sizes.map(async (size) => {
        await anchor.keep(note(size))
        expect(Number(readFileSync(path, "utf8").split("\n")[1])).toBeGreaterThanOrEqual(size)
      }),
    )
  })

  it("accepts the same tree with a new signature", async () => {
    const anchor = fileAnchor(path)
    await anchor.keep(note(4))
    await anchor.keep(note(4, { signature: "b3RoZXI=" }))
    expect(await anchor.kept()).toBe(note(4, { signature: "b3RoZXI=" }))
  })

  it.each([
    ["another tree of the same size", note(4, { fill: "B" })],
    ["another trail", note(5, { origin: "other.example/audit" })],
  ])("refuses %s", async (_, contradiction) => {
    const anchor = fileAnchor(path)
    await anchor.keep(note(4))
    const error = await failure(anchor.keep(contradiction))
    expect(error).toBeInstanceOf(CheckpointFileError)
    expect(error).toMatchObject({ code: "checkpoint_contradicted" })
    expect(await anchor.kept()).toBe(note(4))
  })

  it.each(["", "x", "agentwrit.local/audit\n12", note("012"), note("-1"), note("1").replace("A=", "=")])(
    "does not overwrite a damaged file (%j), and returns it unchanged",
    async (content) => {
      writeFileSync(path, content)
      const anchor = fileAnchor(path)
      expect(await failure(anchor.keep(note(20)))).toMatchObject({ code: "checkpoint_malformed" })
      expect(await anchor.kept()).toBe(content)
    },
  )

  it("refuses an endless file", async () => {
    writeFileSync(path, "x".repeat(64 * 1024 + 1))
    expect(await failure(fileAnchor(path).kept())).toMatchObject({ code: "checkpoint_malformed" })
  })

  it("treats only a missing file as empty", async () => {
    mkdirSync(path)
    const anchor = fileAnchor(path)
    expect(await failure(anchor.kept())).toMatchObject({ code: "checkpoint_unreadable" })
    // The cause may pass while the broker serves: the checkpoint is refused, and the trail stays trusted.
    expect(await failure(anchor.keep(note(1)))).toMatchObject({ name: "UnavailableError", code: "busy" })
    writeFileSync(join(folder, "file"), "")
    expect(await failure(fileAnchor(join(folder, "file", "x")).kept())).toMatchObject({
      code: "checkpoint_unreadable",
    })
  })

  it("is unavailable while it cannot write, and works afterwards", async () => {
    const gone = join(folder, "later")
    const anchor = fileAnchor(join(gone, "audit.checkpoint"))
    const error = await failure(anchor.keep(note(1)))
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).toMatchObject({ code: "busy" })
    mkdirSync(gone)
    await anchor.keep(note(2))
    expect(await anchor.kept()).toBe(note(2))
  })

  it("throws a TypeError for a text that is not a checkpoint", async () => {
    expect(await failure(fileAnchor(path).keep("hello"))).toBeInstanceOf(TypeError)
    expect(readdirSync(folder)).toEqual([])
  })
})
