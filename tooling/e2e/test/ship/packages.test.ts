import { describe, expect, test } from "vitest"
import { filesIn, readText } from "../../src/repository.ts"

const manifestOf = (folder: string) => JSON.parse(readText(`${folder}/package.json`))
const FOLDERS = ["packages", "apps"]
  .flatMap((parent) => filesIn(parent).map((name) => `${parent}/${name}`))
  .filter((folder) => manifestOf(folder).private !== true)

describe.each(FOLDERS)("%s", (folder) => {
  const manifest = manifestOf(folder)

  test("says where it comes from: npm takes no provenance of a package that names another repository, or none", () => {
    const [, source] = /^ARG SOURCE=(\S+)$/m.exec(readText("docker/Dockerfile")) ?? []
    expect(manifest.repository).toEqual({ type: "git", url: `git+${source}.git`, directory: folder })
    expect(manifest.publishConfig).toEqual({ access: "public", provenance: true })
  })

  test("carries the version of all, and changesets moves it with them", () => {
    expect(manifest.version).toBe(manifestOf("apps/broker").version)
    const { fixed } = JSON.parse(readText(".changeset/config.json"))
    expect(fixed).toEqual([["@agentwrit/*"]])
    expect(manifest.name).toMatch(/^@agentwrit\/[^/]+$/)
  })
})
