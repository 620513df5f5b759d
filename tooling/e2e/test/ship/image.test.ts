import { execFileSync } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { dockerfile, IMAGE_USER, type ImageTree, imageTree } from "../../src/image.ts"
import { readText } from "../../src/repository.ts"
import { missingPrograms } from "../../src/shell.ts"

const CERTIFICATES = fileURLToPath(new URL("../../../../scripts/gen_test_certs.sh", import.meta.url))
const APP = "/usr/bin:/bin:/usr/local/bin"

describe("the Dockerfile", () => {
  const { text, said, environment, labels } = dockerfile()

  test("pins every image by digest", () => {
    const bases = [...text.matchAll(/^ARG (BUILDER|NODE|RUNTIME)=(.*)$/gm)].map(([, , image]) => image)
    expect(bases).toHaveLength(3)
    for (const base of bases) expect(base).toMatch(/^docker\.io\/library\/[\w.:-]+@sha256:[0-9a-f]{64}$/)
    const froms = [...text.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gm)].map(([, image]) => image)
    expect(froms).toEqual(["BUILDER", "NODE", "RUNTIME"].map((name) => `\${${name}}`))
  })

  test("keeps the guide's promises about the image", () => {
    expect(said("EXPOSE")).toBe("8080")
    expect(said("VOLUME")).toBe("/data")
    expect(said("ENTRYPOINT")).toBe('["/broker"]')
    expect(said("USER")).toMatch(new RegExp(`^${IMAGE_USER}:`))
    expect(said("HEALTHCHECK")).toMatch(/CMD \["\/healthcheck"\]$/)
    expect(environment).toMatchObject({
      AA_MODE: "production",
      AA_DB_PATH: "/data/data.db",
      AA_SIGNING_KEY_PATH: "/data/signing.key",
    })
    for (const name of ["source", "revision", "created", "title", "description"])
      expect(labels).toHaveProperty([`org.opencontainers.image.${name}`])
    expect(labels["org.opencontainers.image.licenses"]).toBe("Apache-2.0")
  })

  test("copies only files that exist", () => {
    const ignored = readFileSync(new URL("../../../../.dockerignore", import.meta.url), "utf8")
    for (const [, path = ""] of ignored.matchAll(/^!(\S+)$/gm))
      expect([path, statSync(new URL(`../../../../${path}`, import.meta.url)).size > 0]).toEqual([path, true])
    // After the inclusions, so that keys and data of a broker that ran in a source folder stay out.
    const last = ignored.lastIndexOf("!")
    for (const pattern of ["**/*.key", "**/*.db*"]) expect(ignored.indexOf(`\n${pattern}\n`)).toBeGreaterThan(last)
  })
})

const built = process.env["IMAGE_CONFIG"]
if (built === undefined)
  console.log("not run: the built image's configuration; tooling/image/build-without-engine.sh builds one and runs it")

test.skipIf(built === undefined)("the built image is configured as the Dockerfile says", () => {
  const { config } = JSON.parse(readFileSync(built ?? "", "utf8")).Docker
  expect(config).toMatchObject({
    User: "1000:1000",
    Entrypoint: ["/broker"],
    ExposedPorts: { "8080/tcp": {} },
    Volumes: { "/data": {} },
    WorkingDir: "/data",
    Healthcheck: { Test: ["CMD", "/healthcheck"] },
    Labels: { "org.opencontainers.image.licenses": "Apache-2.0" },
  })
  for (const [name, value] of Object.entries(dockerfile().environment)) expect(config.Env).toContain(`${name}=${value}`)
})

const isRoot = process.getuid?.() === 0
if (!isRoot) console.log("not run: the image's tree, because only root can become its user")
const cannot = !isRoot || missingPrograms("the image's tree", "setpriv", "unshare", "bash", "openssl", "pnpm")

describe.skipIf(cannot)("the image's tree, as its user, on a root that it cannot write", () => {
  let tree: ImageTree
  let folder: string
  let certificates: string
  beforeAll(async () => {
    tree = await imageTree()
    folder = mkdtempSync(join(tmpdir(), "agentwrit-image-data-"))
    certificates = join(folder, "certs")
    execFileSync(CERTIFICATES, [certificates], { stdio: "ignore" })
    chownSync(folder, IMAGE_USER, IMAGE_USER)
  }, 240_000)
  afterAll(() => {
    tree?.[Symbol.dispose]()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  const port = 18_000 + (process.pid % 20_000)

  /** The Dockerfile's environment with the operator's additions; the volume is a folder of this test. */
  function environment(name: string, more: Record<string, string> = {}): Record<string, string> {
    const data = join(folder, name)
    mkdirSync(data, { recursive: true, mode: 0o700 })
    chownSync(data, IMAGE_USER, IMAGE_USER)
    const written = Object.fromEntries(
      Object.entries(dockerfile().environment).map(([key, value]) => [key, String(value).replace("/data", data)]),
    )
    return { PATH: APP, ...written, AA_ADMIN_SECRET: ADMIN_SECRET, AA_PORT: String(port), ...more }
  }

  const file = (name: string) => join(certificates, name)

  /** Like `docker exec`: the container's environment with the operator's additions. */
  async function operate(env: Record<string, string>): Promise<void> {
    const told = { ...env, AACTL_BROKER_URL: `http://127.0.0.1:${port}`, AACTL_ADMIN_SECRET: ADMIN_SECRET }
    const awrit = (...words: string[]) => tree.end("awrit", told, words)
    expect(await awrit("--version")).toEqual({ code: 0, said: expect.stringMatching(/^awrit \d+\.\d+\.\d+\n$/) })
    expect(await awrit("health")).toEqual({ code: 0, said: expect.stringMatching(/^database +can commit$/m) })
    expect(await awrit("audit", "verify")).toEqual({ code: 0, said: expect.stringMatching(/^verdict +sound$/m) })
    const database = env["AA_DB_PATH"] ?? ""
    const copy = `${database}.backup`
    expect(await awrit("backup", "--db", database, "--to", copy)).toMatchObject({ code: 0 })
    expect([statSync(copy).uid, statSync(copy).mode & 0o777]).toEqual([IMAGE_USER, 0o600])
  }

  test("contains every program that the repository publishes", () => {
    const apps = readdirSync(new URL("../../../../apps", import.meta.url))
    const programs = apps.flatMap((app) => Object.keys(JSON.parse(readText(`apps/${app}/package.json`)).bin))
    const names = programs.map((program) => program.replace(/^agentwrit-/, ""))
    expect(readdirSync(join(tree.app, "bin")).sort()).toEqual(names.sort())
  })

  test("has the size that the documentation says", () => {
    const kilobytes = Number.parseInt(execFileSync("du", ["-sk", tree.app]).toString(), 10)
    for (const page of ["docs/operator.md", "CHANGELOG.md"]) {
      const [, told] = /(\d+) MB of\s+programs/.exec(readText(page)) ?? []
      expect([page, Number(told)]).toEqual([page, Math.ceil(kilobytes / 1024)])
    }
  })

  test.each<[string, Record<string, () => string>, string]>([
    ["plain HTTP", {}, "serving"],
    ["TLS", { AA_TLS_MODE: () => "tls" }, "serving"],
    ["mTLS, without a client's certificate", { AA_TLS_MODE: () => "mtls" }, "shakes hands"],
    [
      "mTLS, with one",
      {
        AA_TLS_MODE: () => "mtls",
        HEALTHCHECK_CLIENT_CERT: () => file("client.pem"),
        HEALTHCHECK_CLIENT_KEY: () => file("client-key.pem"),
      },
      "serving",
    ],
  ])(
    "over %s the broker serves, the health check succeeds, and SIGTERM stops it cleanly",
    async (name, settings, told) => {
      const mode = settings["AA_TLS_MODE"]?.()
      const env = environment(name.replace(/\W/g, ""), {
        AA_BIND_ADDRESS: "0.0.0.0",
        ...(mode !== undefined && { AA_TLS_CERT: file("broker.pem"), AA_TLS_KEY: file("broker-key.pem") }),
        ...(mode === "mtls" && { AA_TLS_CLIENT_CA: file("ca.pem") }),
        ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value()])),
      })
      const idle = await tree.end("healthcheck", env)
      expect(idle).toMatchObject({ code: 1, said: expect.stringContaining("ECONNREFUSED") })
      const broker = tree.start("broker", env)
      let said = ""
      for (const stream of [broker.stdout, broker.stderr]) stream?.on("data", (text) => (said += text))
      const ended = once(broker, "close")
      try {
        await expect.poll(() => said).toContain("listening on 0.0.0.0")
        expect(said).toContain("mode=production")
        expect(await tree.end("healthcheck", env)).toEqual({ code: 0, said: `${told}\n` })
        const owner = statSync(env["AA_DB_PATH"] ?? "")
        expect([owner.uid, owner.mode & 0o777]).toEqual([IMAGE_USER, 0o600])
        if (mode === undefined) await operate(env)
      } finally {
        broker.kill("SIGTERM")
      }
      expect(await ended).toEqual([0, null])
      expect(said).toContain("stopped")
    },
  )

  test.each([
    [0o700, /signing\.key cannot be opened \(EACCES\): it and its folder must belong to the user/],
    [0o755, /signing\.key cannot be written \(EACCES\): check the folder's rights/],
  ])("a volume of another user, mode %o, is reported", async (mode, message) => {
    const name = `volume-${mode}`
    const env = environment(name)
    chownSync(join(folder, name), 0, 0)
    chmodSync(join(folder, name), mode)
    const { code, said } = await tree.end("broker", env)
    expect([code, said]).toEqual([1, expect.stringMatching(message)])
  })

  test("a database that belongs to root, such as a restored backup, is reported", async () => {
    const env = environment("put-back")
    writeFileSync(env["AA_DB_PATH"] ?? "", "", { mode: 0o600 })
    const { code, said } = await tree.end("broker", env)
    expect([code, said]).toEqual([1, expect.stringMatching(/data\.db cannot be opened .* both belong to the user/)])
  })

  test("a start without a secret says what to set", async () => {
    const { AA_ADMIN_SECRET: _, ...env } = environment("secretless")
    const { code, said } = await tree.end("broker", env)
    expect([code, said]).toEqual([1, expect.stringContaining("AA_ADMIN_SECRET is unset: it is required")])
  })

  test("a private key that the image's user cannot read is reported", async () => {
    const key = join(folder, "root-key.pem")
    writeFileSync(key, readFileSync(file("broker-key.pem")), { mode: 0o600 })
    const env = environment("keyless", { AA_TLS_MODE: "tls", AA_TLS_CERT: file("broker.pem"), AA_TLS_KEY: key })
    const { code, said } = await tree.end("broker", env)
    expect([code, said]).toEqual([1, expect.stringMatching(/AA_TLS_KEY=.*EACCES/)])
  })
})
