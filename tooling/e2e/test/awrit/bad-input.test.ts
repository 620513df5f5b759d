import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { AWRIT, awrit, operator } from "@agentwrit/testing/awrit"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { startProxy } from "@agentwrit/testing/proxy"
import { type SharedBroker, shareBroker } from "@agentwrit/testing/shared-broker"
import { describe, expect, test } from "vitest"

let shared: SharedBroker
let env: Record<string, string>
shareBroker((started) => {
  shared = started
  env = operator(started.url)
})

const AGENT = "spiffe://agentwrit.local/agent/crm/t-1/0123456789abcdef"

/** One line that says what is wrong, the exit code, nothing on stdout, no stack. */
async function refused(
  words: readonly string[],
  code: number,
  options: Parameters<typeof awrit>[1] = {},
): Promise<string> {
  const end = await awrit(words, { env, ...options })
  expect(end).toMatchObject({ code, stdout: "" })
  expect(end.stderr).toMatch(/^awrit: [^\n]+\n$/)
  expect(end.stderr).not.toMatch(/\bat .*\.(js|ts)\b|Error:/)
  expect(end.stderr).not.toContain(ADMIN_SECRET)
  return end.stderr
}

describe("a command line that is wrong is told so before any request, with 2", { timeout: 60_000 }, () => {
  test.each([
    [[], "say which command"],
    [["app"], "awrit app COMMAND, one of register, list"],
    [["ap"], 'did you mean "awrit app"'],
    [["app", "regster"], 'did you mean "awrit app register"'],
    [["audit", "event"], 'did you mean "awrit audit events"'],
    [["app", "list", "--jsn"], "did you mean --json"],
    [["app", "register", "--nmae", "x"], "did you mean --name"],
    [["app", "list", "-j"], "has no flag -j; did you mean --json?"],
    [["-v"], '"awrit" has no flag -v; did you mean --version?'],
    [["app", "get", "--id", "x"], 'has no flag --id; see "awrit app get --help"'],
    [["frobnicate"], '"awrit --help" lists them'],
    [["app", "list", "more"], 'takes no argument "more"'],
    [["app", "list", "--no-json"], "has no flag --no-json"],
    [["app", "list", "--json=yes"], "--json takes no value"],
    [["app", "get"], "<app-id> is missing"],
    [["app", "get", "app-x"], "<app-id> must be an app id"],
    [["app", "register", "--name"], "--name needs a value"],
    [["app", "register", "--name", "--scopes", "a:b:c"], "--name needs a value"],
    [["app", "register", "--name", "a1", "--name", "a2"], "--name is given twice"],
    [["app", "register", "--name", "Bad", "--scopes", "read:data:*"], "--name must be 2 to 64"],
    [["app", "register", "--name", "good", "--scopes", "read:data:*,read"], "--scopes, item 2, must be a scope"],
    [["app", "register", "--name", "good", "--scopes", "admin:x:*"], "must not name a reserved action"],
    [["app", "register", "--name", "good", "--scopes", ","], "--scopes must be a list of 1"],
    [
      ["app", "register", "--name", "good", "--scopes", "a:b:c", "--token-ttl", "5m"],
      "--token-ttl must be a whole number",
    ],
    [["app", "register", "--name", "good", "--scopes", "a:b:c", "--token-ttl=-1"], "--token-ttl must be"],
    [["app", "update", "--id", "app-x-0a1b2c"], "--scopes must be given, or --token-ttl"],
    [["launch-token", "create", "--agent-name", "a"], "--allowed-scope is missing"],
    [["revoke", "--level", "all", "--target", "x"], "--level must be one of token, agent, task, chain"],
    [["revoke", "--level", "token", "--target", AGENT], "--target must be 32 lower-case hex"],
    [["revoke", "--level", "task"], "--target is missing"],
    [["token", "release"], "--token is missing"],
    [["token", "release", "--token", "two words"], "holds no token"],
    [["token", "release", "--token", "Bearer"], "holds no token"],
    [["token", "release", "--token", `${"a".repeat(65_536)}.b.c`], "holds no token"],
    [["audit", "events", "--since", "yesterday"], "--since must be an RFC 3339 date-time such as 2026-03-29T00:00:00Z"],
    [["audit", "events", "--event-type", "token_revokd"], "--event-type must be one of"],
    [["audit", "events", "--limit", "0"], "--limit must be a whole number from 1 to 1000"],
    [["audit", "events", "--after", "42"], "--after must be an event id such as evt-000042"],
    [["audit", "events", "--follow", "--offset", "3"], "--offset cannot be given with --follow"],
    [["audit", "events", "--follow", "--until", "2030-01-01T00:00:00Z"], "--until cannot be given with --follow"],
    [["audit", "events", "--follow", "--since", "2026-01-01T00:00:00Z", "--limit", "3"], "--limit with --follow says"],
    [["audit", "verify", "--checkpoint", "x"], "--checkpoint needs --vkey"],
    [["audit", "verify", "--file", "a", "--db", "b"], "cannot be given together"],
    [["init"], "--mode is missing"],
    [["init", "--mode", "production"], "--mode must be dev or prod"],
    [["init", "--mode", "dev", "--force", "--config-path", "/"], "/ is a folder: name the file"],
    [["completion", "powershell"], "<shell> must be one of bash, zsh, fish"],
    [["health", "--broker-url", "localhost:8080"], "--broker-url must be an http or https URL"],
    [["health", "--broker-url", "http://me:secret@x"], "--broker-url must be without user"],
    [["health", "--cert", "x"], "give both --cert and --key"],
  ])("%j", async (words, message) => {
    // A broker that is not there: whoever asked it would end with 1.
    const stderr = await refused(words, 2, { env: { ...env, AACTL_BROKER_URL: "http://127.0.0.1:1" } })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain("secret@")
  })

  test("what could be a secret on the command line is not repeated", async () => {
    const secret = "0123456789abcdef".repeat(4)
    expect(await refused(["app", "list", secret], 2)).not.toContain(secret)
    expect(await refused([secret], 2)).not.toContain(secret)
    expect(await refused(["app", "list", `--${secret}`], 2)).not.toContain(secret)
  })
})

describe("what is refused or fails ends with 1", { timeout: 60_000 }, () => {
  test("a broker that is not there is named", async () => {
    const proxy = await startProxy(shared.url)
    await proxy[Symbol.asyncDispose]()
    const gone = await refused(["app", "list"], 1, { env: { ...env, AACTL_BROKER_URL: proxy.url } })
    expect(gone).toContain(`${proxy.url} cannot be reached (ECONNREFUSED); check that the broker runs`)
  })

  test("a wrong secret, and none", async () => {
    const wrong = await refused(["app", "list"], 1, { env: { ...env, AACTL_ADMIN_SECRET: "not the secret at all" } })
    expect(wrong).toMatch(/unauthorized.*; check the admin secret in AACTL_ADMIN_SECRET/)
    expect(wrong).not.toContain("not the secret at all")
    const none = await refused(["app", "list"], 1, { env: { AACTL_BROKER_URL: shared.url } })
    expect(none).toContain("there is no admin secret: set AACTL_ADMIN_SECRET")
  })

  test("what the broker refuses, in its words", async () => {
    expect(await refused(["app", "get", "app-none-0a1b2c"], 1)).toMatch(/\(not_found, .*awrit app list shows them/)
    expect(await refused(["health", "--broker-url", `${shared.url}/v1`], 1)).toContain("given without /v1")
    expect(await refused(["token", "release", "--token", "a.b.c"], 1)).toContain(
      "the broker does not accept this token",
    )
    expect(await refused(["token", "inspect", "--token", "-"], 1, { input: "a.b.c\n" })).toContain(
      "this is no token of AgentWrit",
    )
  })

  test("another service, and too many requests", async () => {
    const server = createServer((request, answer) => {
      if (request.url === "/v1/health") answer.writeHead(200, { "content-type": "text/html" }).end("<h1>hello</h1>")
      else
        answer.writeHead(429, { "content-type": "application/problem+json", "retry-after": "60" }).end(
          JSON.stringify({
            type: "urn:agentwrit:error:rate_limited",
            title: "Too Many Requests",
            status: 429,
            detail: "too many sign-ins",
            instance: "/v1/admin/auth",
            error_code: "rate_limited",
            request_id: "abc",
          }),
        )
    }).listen(0, "127.0.0.1")
    await once(server, "listening")
    const other = { env: { ...env, AACTL_BROKER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }
    try {
      expect(await refused(["health"], 1, other)).toContain("in a form that is not the broker's")
      expect(await refused(["app", "list"], 1, other)).toContain(
        "too many sign-ins (rate_limited, request abc); try again in 60 s",
      )
    } finally {
      server.close()
    }
  })

  test("a config file that others can read is refused, whatever it says", async () => {
    const path = join(shared.folder.path, "open-config")
    writeFileSync(path, `ADMIN_SECRET=${ADMIN_SECRET}\n`, { mode: 0o644 })
    const open = { env: { AACTL_BROKER_URL: shared.url, AA_CONFIG_PATH: path } }
    expect(await refused(["app", "list"], 1, open)).toContain("chmod 600")
  })

  test("with --json a refusal leaves stdout empty, and is told as without", async () => {
    expect(await refused(["app", "get", "app-none-0a1b2c", "--json"], 1)).toContain("(not_found, request ")
  })

  test("stdin without end is read no further than a token could go on", async () => {
    const script = `yes | "$0" "$1" token release --token -`
    const child = spawn("bash", ["-c", script, process.execPath, AWRIT], { env: { ...env, PATH: process.env["PATH"] } })
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    const [code] = await once(child, "close")
    expect([code, stderr]).toEqual([2, expect.stringContaining("stdin holds no token")])
  })

  test.each([["audit events"], ["app list --json"], ["--version"], ["--help"]])(
    "%s that cannot be written",
    async (line) => {
      const child = spawn("sh", ["-c", `"$0" "$1" ${line} > /dev/full`, process.execPath, AWRIT], {
        env: { PATH: process.env["PATH"] ?? "", ...env },
        stdio: ["ignore", "inherit", "pipe"],
      })
      let stderr = ""
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
      const [code] = await once(child, "close")
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^(.*\n)?awrit: the result could not be written: [^\n]+\n$/),
      ])
    },
  )
})

describe("a reader or a user who has seen enough", { timeout: 60_000 }, () => {
  test.each([["audit events"], ["audit export"], ["audit events --follow"], ["agent list --json"]])(
    "awrit %s | head -1 is quiet",
    async (words) => {
      const script = `set -o pipefail; "$0" "$1" ${words} | head -1`
      const child = spawn("bash", ["-c", script, process.execPath, AWRIT], {
        env: { PATH: process.env["PATH"] ?? "", ...env },
        stdio: ["ignore", "ignore", "pipe"],
      })
      let stderr = ""
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
      if (words.includes("--follow")) {
        // It learns that its reader has gone when it next has something to say.
        const timer = setInterval(() => void awrit(["revoke", "--level", "task", "--target", "head"], { env }), 1000)
        child.once("close", () => clearInterval(timer))
      }
      const [code] = await once(child, "close")
      expect([code, stderr.replaceAll(/^(events .*|\d+ events|\d+ agents|No agents match\.)\n/gm, "")]).toEqual([0, ""])
    },
  )

  // Before a word is written, so that every one meets a closed pipe.
  test.each([
    ["--version"],
    ["--help"],
    ["app list"],
    ["agent list --json"],
    ["audit export"],
    ["audit events --follow"],
    ["audit verify"],
    ["completion zsh"],
  ])("awrit %s to a reader that has gone ends without a complaint", async (line) => {
    const child = spawn(process.execPath, [AWRIT, ...line.split(" ")], { env })
    child.stdout.destroy()
    let stderr = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    const [code] = await once(child, "close")
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/awrit:|Error| at /)])
  })

  test("following goes on after the broker was away", async () => {
    await using proxy = await startProxy(shared.url)
    const child = spawn(process.execPath, [AWRIT, "audit", "events", "--follow", "--json"], {
      env: { ...env, AACTL_BROKER_URL: proxy.url },
    })
    let [stdout, stderr] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    await expect.poll(() => stdout, { timeout: 20_000 }).toContain('"id":"evt-')
    proxy.intercept = (_incoming, answer) => {
      answer.destroy()
      return "taken"
    }
    await expect.poll(() => stderr, { timeout: 20_000 }).toContain("trying again")
    await awrit(["revoke", "--level", "task", "--target", "while-away"], { env })
    proxy.intercept = () => "pass"
    await expect.poll(() => stdout, { timeout: 40_000 }).toContain("while-away")
    child.kill("SIGINT")
    expect((await once(child, "close"))[1]).toBe("SIGINT")
    const ids = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(stderr.trim().split("\n")).toHaveLength(1)
  })
})
