import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { closedAddress } from "@agentwrit/testing/proxy"
import { describe, expect, test } from "vitest"
import { type AwritOptions, awrit, operator } from "./run-awrit.ts"
import { temporaryFolder } from "./temporary-folder.ts"

let url: string
let env: Record<string, string>
shareTestBroker((shared) => {
  url = shared.url
  env = operator(url)
})

const AGENT = "spiffe://agentwrit.local/agent/crm/t-1/0123456789abcdef"

/** Expects the exit code, one line on stderr without a stack or secret, and nothing on stdout. @returns stderr */
async function refused(words: readonly string[], code: number, options: AwritOptions = {}): Promise<string> {
  const end = await awrit(words, { env, ...options })
  expect(end).toMatchObject({ code, stdout: "" })
  expect(end.stderr).toMatch(/^awrit: [^\n]+\n$/)
  expect(end.stderr).not.toMatch(/\bat .*\.(js|ts)\b|Error:/)
  expect(end.stderr).not.toContain(ADMIN_SECRET)
  return end.stderr
}

describe("a wrong command line exits with 2 before any request", () => {
  test.each([
    [["app"], "awrit app COMMAND, one of register, list"],
    [["ap"], 'did you mean "awrit app"'],
    [["app", "regster"], 'did you mean "awrit app register"'],
    [["audit", "event"], 'did you mean "awrit audit events"'],
    [["app", "list", "--jsn"], "did you mean --json"],
    [["app", "register", "--nmae", "x"], "did you mean --name"],
    [["app", "list", "-j"], "has no flag -j; did you mean --json?"],
    [["-v"], '"awrit" has no flag -v; did you mean --version?'],
    [["app", "get", "--id", "x"], 'has no flag --id; see "awrit app get --help"'],
    [["frobnicate"], 'there is no command "awrit frobnicate"; "awrit --help" lists the commands'],
    [["app", "list", "more"], 'takes no argument "more"; see'],
    [["app", "rotate-secret", "billing"], 'takes no argument "billing"; did you mean --id billing? see'],
    [["app", "list", "--no-json"], "has no flag --no-json"],
    [["app", "list", "-o", "xml"], "--output must be one of table, json, yaml"],
    [["app", "list", "--json", "-o", "yaml"], "--json and --output yaml contradict each other"],
    [["app", "list", "--oldest", "--json"], "--oldest is for the table"],
    [["app", "list", "--json=yes"], "--json takes no value"],
    [["app", "get"], "<app-id> is missing"],
    [["app", "get", "App-x"], "<app-id> must be an app's id or name"],
    [["agent", "get", "t-1"], "<agent-id> must be an agent id"],
    [["app", "register", "--name"], "--name needs a value"],
    [["app", "register", "--name", "--scopes", "a:b:c"], "--name needs a value"],
    [["app", "register", "--name", "a1", "--name", "a2"], "--name is given twice"],
    [
      ["app", "register", "--orch-id", "a", "--orch-id", "b"],
      "--orch-id is given twice; separate its values by commas",
    ],
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
    [["revoke", "--level", "every", "--target", "x"], "--level must be one of token, agent, task, chain, app, all"],
    [["revoke", "--level", "all", "--target", "x"], "--target must be *"],
    [["revoke", "--level", "token", "--target", AGENT], "--target must be 32 lower-case hex"],
    [["revoke", "--level", "task"], "--target is missing"],
    [["token", "release"], "--token is missing"],
    [["token", "release", "--token", "two words"], "does not contain a token"],
    [["token", "release", "--token", "Bearer"], "does not contain a token"],
    [
      ["audit", "events", "--since", "yesterday"],
      "--since must be an RFC 3339 date-time such as 2026-03-29T00:00:00Z, or an age such as 1h",
    ],
    [["audit", "events", "--event-type", "token_revokd"], "--event-type must be one of"],
    [["audit", "events", "--limit", "0"], "--limit must be a whole number from 1 to 1000"],
    [["audit", "events", "--after", "42"], "--after must be an event id such as evt-000042"],
    [["audit", "events", "--follow", "--offset", "3"], "--offset cannot be given with --follow"],
    [["audit", "events", "--follow", "--until", "2030-01-01T00:00:00Z"], "--until cannot be given with --follow"],
    [["audit", "events", "--follow", "--since", "2026-01-01T00:00:00Z", "--limit", "3"], "--limit with --follow is"],
    [["audit", "verify", "--checkpoint", "x"], "--checkpoint needs --vkey"],
    [["audit", "verify", "--file", "a", "--db", "b"], "cannot be given together"],
    [["init", "--mode", "production"], "--mode must be dev or prod"],
    [["init", "--mode", "dev", "--force", "--config-path", "/"], "/ is a folder: name the file"],
    [["completion", "powershell"], "<shell> must be one of bash, zsh, fish"],
    [["health", "--broker-url", "localhost:8080"], "--broker-url must be an http or https URL"],
    [["health", "--broker-url", "http://me:secret@x"], "--broker-url must be without user"],
    [["health", "--cert", "x"], "give both --cert and --key"],
  ])("%j", async (words, message) => {
    // No broker is there: a request would exit with 1.
    const stderr = await refused(words, 2, { env: { ...env, AACTL_BROKER_URL: "http://127.0.0.1:1" } })
    expect(stderr).toContain(message)
    expect(stderr).not.toContain("secret@")
  })

  test("a token longer than the limit", async () => {
    const stderr = await refused(["token", "release", "--token", `${"a".repeat(65_536)}.b.c`], 2)
    expect(stderr).toContain("does not contain a token")
  })

  test("a possible secret on the command line is not repeated", async () => {
    const secret = "0123456789abcdef".repeat(4)
    expect(await refused(["app", "list", secret], 2)).not.toContain(secret)
    expect(await refused([secret], 2)).not.toContain(secret)
    expect(await refused(["app", "list", `--${secret}`], 2)).not.toContain(secret)
  })
})

describe("a refused or failed command exits with 1", () => {
  test("no broker at the URL", async () => {
    const closed = await closedAddress()
    const gone = await refused(["app", "list"], 1, { env: { ...env, AACTL_BROKER_URL: closed } })
    expect(gone).toContain(`${closed} cannot be reached (ECONNREFUSED); check that the broker runs`)
  })

  test("a wrong admin secret, and no admin secret", async () => {
    const wrong = await refused(["app", "list"], 1, { env: { ...env, AACTL_ADMIN_SECRET: "not the secret at all" } })
    expect(wrong).toMatch(/unauthorized.*; check the admin secret; awrit config show says where it comes from/)
    expect(wrong).not.toContain("not the secret at all")
    for (const [secret, stray] of [
      [`${ADMIN_SECRET}\n`, "a line break"],
      [` ${ADMIN_SECRET}`, "a blank at an end"],
      [`'${ADMIN_SECRET}'`, "quotes around it"],
    ])
      expect(await refused(["app", "list"], 1, { env: { ...env, AACTL_ADMIN_SECRET: secret ?? "" } })).toContain(
        `; AACTL_ADMIN_SECRET has ${stray}: set it to the secret alone`,
      )
    const none = await refused(["app", "list"], 1, { env: { AACTL_BROKER_URL: url } })
    expect(none).toContain("there is no admin secret: set AACTL_ADMIN_SECRET, or type it")
    const brokers = { AACTL_BROKER_URL: url, AA_ADMIN_SECRET: ADMIN_SECRET }
    expect(await refused(["app", "list"], 1, { env: brokers })).toContain(
      "set AACTL_ADMIN_SECRET (AA_ADMIN_SECRET is for the broker), or type it",
    )
  })

  test("a secret's file that cannot be used, or beside the variable", async () => {
    const from = (more: Record<string, string>) =>
      refused(["app", "list"], 1, { env: { AACTL_BROKER_URL: url, ...more } })
    const folder = temporaryFolder()
    expect(await from({ AACTL_ADMIN_SECRET_FILE: join(folder, "none") })).toContain("does not exist")
    expect(await from({ AACTL_ADMIN_SECRET_FILE: folder })).toContain("is not a regular file")
    expect(await from({ AACTL_ADMIN_SECRET_FILE: ADMIN_SECRET })).toContain("does not exist")
    const both = { AACTL_ADMIN_SECRET_FILE: folder, AACTL_ADMIN_SECRET: ADMIN_SECRET }
    expect(await from(both)).toContain("AACTL_ADMIN_SECRET and AACTL_ADMIN_SECRET_FILE are both set")
  })

  test("a request that the broker refuses", async () => {
    expect(await refused(["app", "get", "app-none-0a1b2c"], 1)).toMatch(/\(not_found, .*awrit app list shows them/)
    expect(await refused(["app", "get", "nobody"], 1)).toContain("<app-id> is no app's id or name; awrit app list")
    expect(await refused(["agent", "get", AGENT], 1)).toContain("the broker knows no such agent")
    expect(await refused(["health", "--broker-url", `${url}/v1`], 1)).toContain("URL without /v1")
    expect(await refused(["token", "release", "--token", "a.b.c"], 1)).toContain(
      "the broker does not accept this token",
    )
    expect(await refused(["token", "inspect", "--token", "-"], 1, { input: "a.b.c\n" })).toContain(
      "this is not an AgentWrit token",
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

  test("a config file that other users can read", async () => {
    const path = join(temporaryFolder(), "open-config")
    writeFileSync(path, `ADMIN_SECRET=${ADMIN_SECRET}\n`, { mode: 0o644 })
    const open = { env: { AACTL_BROKER_URL: url, AA_CONFIG_PATH: path } }
    expect(await refused(["app", "list"], 1, open)).toContain("chmod 600")
  })

  test("--json does not change the message", async () => {
    expect(await refused(["app", "get", "app-none-0a1b2c", "--json"], 1)).toContain("(not_found, request ")
  })
})
