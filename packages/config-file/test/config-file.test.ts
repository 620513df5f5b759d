import { execFileSync } from "node:child_process"
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { readConfigFile, userConfigPath, writeConfigFile } from "../src/index.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agentwrit-config-file-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (...parts: string[]): string => join(folder, ...parts)

function write(path: string, content: string | Uint8Array, mode = 0o600): string {
  mkdirSync(join(path, ".."), { recursive: true })
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

const read = (named?: string) => readConfigFile({ named, home: at("home"), etc: at("etc") })

const parse = (content: string | Uint8Array) => read(write(at("config"), content))

describe("the search", () => {
  it("takes the first file that exists", () => {
    expect(read()).toEqual({ values: {}, problems: [] })
    const home = write(at("home", ".broker", "config"), "MODE=home")
    expect(read().path).toBe(home)
    const etc = write(at("etc", "broker", "config"), "MODE=etc")
    expect(read().path).toBe(etc)
    const named = write(at("named"), "MODE=named")
    expect(read(named)).toMatchObject({ path: named, values: { MODE: { text: "named" } } })
  })

  it("stops at a file that is refused", () => {
    write(at("home", ".broker", "config"), "MODE=home")
    write(at("etc", "broker", "config"), "MODE=etc", 0o644)
    expect(read()).toMatchObject({ values: {}, problems: [expect.stringContaining(at("etc", "broker", "config"))] })
  })

  it("stops at an AA_CONFIG_PATH that does not exist", () => {
    write(at("home", ".broker", "config"), "MODE=home")
    expect(read(at("none"))).toMatchObject({
      values: {},
      problems: [expect.stringMatching(/^AA_CONFIG_PATH=.*none": the file does not exist/)],
    })
  })
})

describe("a refused file", () => {
  it.each([0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o666])("mode %i", (mode) => {
    const { values, problems } = read(write(at("config"), "ADMIN_SECRET=hunter2hunter2", mode))
    expect(values).toEqual({})
    expect(problems).toEqual([expect.stringMatching(/^AA_CONFIG_PATH=.*open to group or others .*chmod 600$/)])
  })

  it("a symbolic link, to a good file or to nothing", () => {
    write(at("good"), "MODE=development")
    symlinkSync(at("good"), at("link"))
    symlinkSync(at("none"), at("dangling"))
    for (const name of ["link", "dangling"])
      expect(read(at(name)).problems).toEqual([expect.stringContaining("symbolic link")])
  })

  it("a symbolic link where the default file would be", () => {
    mkdirSync(at("home", ".broker"), { recursive: true })
    symlinkSync(write(at("good"), "MODE=development"), at("home", ".broker", "config"))
    expect(read()).toMatchObject({ values: {}, problems: [expect.stringContaining("symbolic link")] })
  })

  it("a folder, a named pipe", () => {
    mkdirSync(at("folder"), { mode: 0o700 })
    execFileSync("mkfifo", ["-m", "600", at("pipe")])
    for (const name of ["folder", "pipe"])
      expect(read(at(name)).problems).toEqual([expect.stringContaining("not a regular file")])
  })

  it("one that is too large", () => {
    expect(parse("#".repeat(64 * 1024 + 1)).problems).toEqual([expect.stringContaining("larger than")])
  })

  it("one that is not UTF-8", () => {
    expect(parse(Uint8Array.of(0x4d, 0xff, 0xfe)).problems).toEqual([expect.stringContaining("UTF-8")])
  })
})

describe("its lines", () => {
  it.each([0o600, 0o400, 0o700])("are read with mode %i", (mode) => {
    expect(read(write(at("config"), "MODE=production", mode)).values.MODE?.text).toBe("production")
  })

  it("are KEY=VALUE, with comments, blanks and either line end", () => {
    const { values, problems } = parse(
      "\ufeff# a comment\r\n\r\n  MODE = production \r\n#MODE=development\nADMIN_SECRET=a=b c d\nBROKER_URL=https://broker.example:8443",
    )
    expect(problems).toEqual([])
    expect(values).toEqual({
      MODE: { text: "production", line: 3 },
      ADMIN_SECRET: { text: "a=b c d", line: 5 },
      BROKER_URL: { text: "https://broker.example:8443", line: 6 },
    })
  })

  it.each([
    ["MODE=development\nPORT=80", /line 2: there is no key PORT; accepted are MODE, ADMIN_SECRET, BROKER_URL$/],
    ["mode=development", /line 1: this is not a KEY=VALUE line/],
    ["MODE", /line 1: this is not a KEY=VALUE line/],
    ["=x", /line 1: this is not a KEY=VALUE line/],
    ["MODE=development\n\nMODE=production", /line 3: MODE is set a second time$/],
    ["MODE=\nMODE=production", /line 2: MODE is set a second time$/],
    ["BROKER_URL=localhost:8080", /line 1: BROKER_URL: accepted is an http or https URL$/],
    ["BROKER_URL=ftp://x", /line 1: BROKER_URL: accepted is an http or https URL$/],
    ["BROKER_URL=nonsense", /line 1: BROKER_URL: accepted is an http or https URL$/],
  ])("%j is a problem", (content, problem) => {
    expect(parse(content).problems).toEqual([expect.stringMatching(problem)])
  })

  it.each(["c2VjcmV0LXNlY3JldA==", "ADMIN_SECRET hunter2hunter2", "hunter2hunter2", "JBSWY3DPEHPK3PXP===="])(
    "%j, a secret without its key, is not repeated",
    (content) => {
      const [problem] = parse(content).problems
      expect(problem).toContain("line 1")
      expect(problem).not.toContain(content.slice(0, 8) === "ADMIN_SE" ? "hunter2" : content.slice(0, 8))
    },
  )

  it.each([
    'ADMIN_SECRET="hunter2 hunter2"',
    "ADMIN_SECRET='hunter2'",
    "ADMIN_SECRET=`hunter2`",
    'ADMIN_SECRET="hunter2" hunter3',
    "ADMIN_SECRET=hunter2#hunter3",
    "ADMIN_SECRET=hunter2 # a comment",
    "ADMIN_SECRET='$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234'",
  ])("%j, which programs read differently, is a problem", (content) => {
    const { values, problems } = parse(`${content}\nMODE=production`)
    expect(values).toEqual({ MODE: { text: "production", line: 2 } })
    expect(problems).toEqual([expect.stringMatching(/line 1: the value of ADMIN_SECRET is in quotes or holds a "#"/)])
    expect(problems[0]).not.toContain("hunter2")
  })

  it.each([
    "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ0./4a",
    "$2y$15$......................./////////////////////////////",
    "$HOME $(id) `id",
    "a\\nb \\ \" ' c",
  ])("leave the value %s as it is", (secret) => {
    expect(parse(`ADMIN_SECRET=${secret}\n`)).toMatchObject({
      values: { ADMIN_SECRET: { text: secret } },
      problems: [],
    })
    const path = at("written")
    expect(writeConfigFile(path, { ADMIN_SECRET: secret }, false)).toBe(true)
    expect(read(path).values.ADMIN_SECRET?.text).toBe(secret)
  })
})

describe("writing", () => {
  const mode = (path: string): number => lstatSync(path).mode & 0o777

  it("creates a file that reads back, with its folder, for the owner only", () => {
    const path = at("home", ".broker", "config")
    expect(userConfigPath(at("home"))).toBe(path)
    mkdirSync(at("home"))
    expect(writeConfigFile(path, { MODE: "development", ADMIN_SECRET: "a=b c" }, false)).toBe(true)
    expect([mode(path), mode(at("home", ".broker"))]).toEqual([0o600, 0o700])
    expect(read()).toMatchObject({ path, values: { MODE: { text: "development" }, ADMIN_SECRET: { text: "a=b c" } } })
  })

  it("replaces a file or a link only when it is allowed to", () => {
    const path = write(at("config"), "MODE=development")
    expect(writeConfigFile(path, { MODE: "production" }, false)).toBe(false)
    expect(readFileSync(path, "utf8")).toBe("MODE=development")
    rmSync(path)
    symlinkSync(write(at("elsewhere"), "kept"), path)
    expect(writeConfigFile(path, { MODE: "production" }, false)).toBe(false)
    expect(writeConfigFile(path, { MODE: "production" }, true)).toBe(true)
    expect([lstatSync(path).isSymbolicLink(), readFileSync(at("elsewhere"), "utf8")]).toEqual([false, "kept"])
  })

  it.each(["a\nMODE=development", "a\tb", " a", '"a"', "a#b", "a\r"])(
    "refuses the value %j, which would not read back",
    (value) => {
      expect(() => writeConfigFile(at("config"), { ADMIN_SECRET: value }, false)).toThrow(TypeError)
    },
  )
})
