import { awrit, operator } from "@agentwrit/testing/awrit"
import { ADMIN_SECRET, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { agent, call } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { type SharedBroker, shareBroker } from "@agentwrit/testing/shared-broker"
import { beforeAll, describe, expect, test } from "vitest"
import { missingPrograms } from "../../src/shell.ts"
import { onTerminal } from "../../src/terminal.ts"

const ESCAPE = String.fromCharCode(27)
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`)

describe.skipIf(missingPrograms("awrit on a terminal", "python3"))("on a terminal", () => {
  let shared: SharedBroker
  let env: Record<string, string>
  let agentId: string
  shareBroker((started) => {
    shared = started
    env = operator(started.url)
  })
  beforeAll(async () => {
    agentId = (await agent(shared.url, shared.admin, { task_id: "terminal", orch_id: "an-orchestration" })).agent_id
  })

  const status = async (taskId: string): Promise<string> =>
    (await call(shared.url, `GET /v1/admin/agents?task_id=${taskId}`, { bearer: shared.admin })).body.agents[0].status

  test("a question names what it will change; no changes nothing", async () => {
    const words = ["revoke", "--level", "task", "--target", "terminal"]
    const { code, text } = await onTerminal(words, { env, typed: [["Go on?", "n"]] })
    expect(text).toContain("Ends now: 1 active agent, 1 token.")
    expect(text).toContain("nothing was done")
    expect([code, await status("terminal")]).toEqual([1, "active"])
  })

  test("Ctrl-C at a question changes nothing", async () => {
    const words = ["revoke", "--level", "agent", "--target", agentId]
    const { code, text } = await onTerminal(words, { env, typed: [["Go on?", "\u0003"]] })
    expect(text).toContain("Ends now: 1 active agent, 1 token.")
    expect([code, await status("terminal")]).toEqual([1, "active"])
  })

  test("yes, or --yes without a question, runs the command", async () => {
    await agent(shared.url, shared.admin, { task_id: "asked" })
    const asked = await onTerminal(["revoke", "--level", "task", "--target", "asked"], {
      env,
      typed: [["Go on?", "y"]],
    })
    expect([asked.code, await status("asked")]).toEqual([0, "revoked"])
    await agent(shared.url, shared.admin, { task_id: "told" })
    const told = await onTerminal(["revoke", "--level", "task", "--target", "told", "--yes"], { env })
    expect(told.text).not.toContain("Go on?")
    expect([told.code, await status("told")]).toEqual([0, "revoked"])
  })

  test("revoke --all goes on only after the word all", async () => {
    const typed = (word: string) => [["Type all to go on", `${word}\r`]] as const
    const refused = await onTerminal(["revoke", "--all"], { env, typed: typed("yes") })
    expect([refused.code, await status("terminal")]).toEqual([1, "active"])
    await using folder = await brokerFolder()
    await using own = await startBroker(folder)
    const done = await onTerminal(["revoke", "--all"], { env: operator(own.url), typed: typed("all") })
    expect([done.code, done.text]).toEqual([0, expect.stringMatching(/level +all/)])
  })

  test("without a terminal the command runs without a question", async () => {
    await agent(shared.url, shared.admin, { task_id: "script" })
    const { code, stderr } = await awrit(["revoke", "--level", "task", "--target", "script"], { env })
    expect([code, stderr, await status("script")]).toEqual([0, "", "revoked"])
  })

  test("events are newest first, and --oldest turns them; a pipe keeps the order of the chain", async () => {
    const ids = (text: string): number[] => [...text.matchAll(/evt-(\d+)/g)].map(([, id]) => Number(id))
    const newest = ids((await onTerminal(["audit", "events", "--limit", "3"], { env })).text)
    const [last = 0] = newest
    expect(newest).toEqual([last, last - 1, last - 2])
    const earlier = await onTerminal(["audit", "events", "--limit", "2", "--offset", "3"], { env })
    expect(ids(earlier.text)).toHaveLength(2)
    expect(Math.max(...ids(earlier.text))).toBeLessThan(last)
    const oldest = await onTerminal(["audit", "events", "--limit", "2", "--oldest"], { env })
    expect(ids(oldest.text)).toEqual([1, 2])
    expect(ids((await awrit(["audit", "events", "--limit", "2"], { env })).stdout)).toEqual([1, 2])
  })

  test("login asks for the secret, does not show it, and keeps the session", async () => {
    await using home = await brokerFolder()
    const withoutSecret = { AACTL_BROKER_URL: shared.url, HOME: home.path }
    const login = await onTerminal(["login"], {
      env: withoutSecret,
      typed: [["Admin secret of", `${ADMIN_SECRET}\r`]],
    })
    expect([login.code, login.text]).toEqual([0, expect.stringContaining("signed in as  admin")])
    expect(login.raw).not.toContain(ADMIN_SECRET)
    expect(await awrit(["app", "list"], { env: withoutSecret })).toMatchObject({ code: 0 })
  })

  test("app register asks for missing values, and app remove names what it will change", async () => {
    const typed = [
      ["Name of the app", "asked-app\r"],
      ["scope ceiling", "read:data:*\r"],
    ] as const
    const made = await onTerminal(["app", "register"], { env, typed })
    const id = /app-asked-app-[0-9a-f]{6}/.exec(made.text)?.[0] ?? ""
    expect([made.code, made.text]).toEqual([0, expect.stringContaining("shown only once")])
    const removed = await onTerminal(["app", "remove", "--id", id], { env, typed: [["Deregister", "y"]] })
    expect(removed.text).toMatch(/its 0\s+active agents/)
    expect([removed.code, removed.text]).toEqual([0, expect.stringContaining("inactive")])
  })

  test("output has colour, but not with NO_COLOR or in a pipe", async () => {
    const words = ["agent", "list"]
    expect((await onTerminal(words, { env })).raw).toMatch(COLOUR)
    expect((await onTerminal(words, { env: { ...env, NO_COLOR: "1" } })).raw).not.toMatch(COLOUR)
    expect((await onTerminal(words, { env: { ...env, TERM: "dumb" } })).raw).not.toMatch(COLOUR)
    const asked = { env: { ...env, NO_COLOR: "1" }, typed: [["Go on?", "n"]] as const }
    const question = await onTerminal(["revoke", "--level", "task", "--target", "terminal"], asked)
    expect([question.code, question.raw]).toEqual([1, expect.not.stringMatching(COLOUR)])
    const piped = await awrit(words, { env: { ...env, FORCE_COLOR: "1" } })
    expect(piped.stdout + piped.stderr).not.toMatch(COLOUR)
  })

  test.each([40, 80, 200])("a table in %i columns fits, with every id whole", async (columns) => {
    const { text } = await onTerminal(["agent", "list", "--task-id", "terminal"], { env, columns })
    expect(text).toContain(agentId)
    const lines = text.split("\n").filter((line) => !line.includes(agentId))
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
  })

  test("the verification of a trail shows its progress, only on a terminal", async () => {
    const shown = await onTerminal(["audit", "verify"], { env })
    expect([shown.code, shown.raw]).toEqual([0, expect.stringContaining("events verified")])
    const piped = await awrit(["audit", "verify"], { env })
    expect([piped.code, piped.stderr]).toEqual([0, expect.not.stringContaining("events verified")])
  })

  test("Ctrl-C ends --follow silently, with the exit code that a shell expects", async () => {
    const { code, text } = await onTerminal(["audit", "events", "--follow"], { env, typed: [["evt-", "\u0003"]] })
    expect(code).toBe(130)
    expect(text).not.toMatch(/awrit:|Error|at .*\.js/)
  })

  test("watch draws in place, shows an outage and its end, and Ctrl-C leaves the terminal as it was", async () => {
    await agent(shared.url, shared.admin, { task_id: "watched" })
    await using proxy = await startProxy(shared.url)
    let looks = 0
    proxy.intercept = ({ url }, answer) => {
      if (url === "/v1/health") looks++
      if (looks !== 2) return "pass"
      answer.destroy()
      return "taken"
    }
    const { code, raw, text } = await onTerminal(["watch", "--interval", "1"], {
      env: { ...env, AACTL_BROKER_URL: proxy.url },
      columns: 100,
      typed: [
        ["no answer since", ""],
        ["active agent", ""],
        ["active agent", "\u0003"],
      ],
    })
    expect(code).toBe(130)
    expect(text).toContain("spiffe://agentwrit.local/agent/")
    expect(raw.startsWith(`${ESCAPE}[?1049h${ESCAPE}[?25l${ESCAPE}[?7l`)).toBe(true)
    expect(raw.replace("^C", "").endsWith(`${ESCAPE}[?7h${ESCAPE}[?25h${ESCAPE}[?1049l`)).toBe(true)
  })
})
