import { describe, expect, test } from "vitest"
import { filesIn, readText } from "../../src/repository.ts"

const manifestOf = (folder: string) => JSON.parse(readText(`${folder}/package.json`))
const FOLDERS = ["packages", "apps"]
  .flatMap((parent) => filesIn(parent).map((name) => `${parent}/${name}`))
  .filter((folder) => manifestOf(folder).private !== true)

describe.each(FOLDERS)("%s", (folder) => {
  const manifest = manifestOf(folder)

  test("names its repository, which npm requires for provenance", () => {
    const [, source] = /^ARG SOURCE=(\S+)$/m.exec(readText("docker/Dockerfile")) ?? []
    expect(manifest.repository).toEqual({ type: "git", url: `git+${source}.git`, directory: folder })
    expect(manifest.publishConfig).toEqual({ access: "public", provenance: true })
  })

  test("has the version of all packages, and changesets moves them together", () => {
    expect(manifest.version).toBe(manifestOf("apps/broker").version)
    const { fixed } = JSON.parse(readText(".changeset/config.json"))
    expect(fixed).toEqual([["@agentwrit/*"]])
    expect(manifest.name).toMatch(/^@agentwrit\/[^/]+$/)
  })
})
