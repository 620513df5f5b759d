import { chmodSync, chownSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { beforeEach, expect, test, vi } from "vitest"
import { awrit, operator, succeeds } from "../run-awrit.ts"
import { temporaryFolder } from "../temporary-folder.ts"

// Another user reads the operator's session, or puts one in its place.

let withSecret: { readonly env: Record<string, string> }
shareTestBroker(({ url }) => {
  withSecret = { env: operator(url) }
})

let sessions: string
beforeEach(() => {
  const home = temporaryFolder()
  vi.stubEnv("HOME", home)
  sessions = join(home, ".broker", "sessions")
})

const sessionFile = (): string => join(sessions, readdirSync(sessions)[0] ?? "")

test.each<[fault: string, spoil: (path: string) => void]>([
  ["is open to group or others (mode 0640)", (path) => chmodSync(path, 0o640)],
  [
    "is a symbolic link",
    (path) => {
      renameSync(path, `${path}.real`)
      symlinkSync(`${path}.real`, path)
    },
  ],
  ["is damaged", (path) => writeFileSync(path, "{")],
  [
    "is of another broker",
    (path) =>
      writeFileSync(
        path,
        readFileSync(path, "utf8").replace(/"broker_url": ".*"/, '"broker_url": "https://other.example"'),
      ),
  ],
])("a session file that %s is refused, and logout removes it", async (fault, spoil) => {
  await succeeds(["login"], withSecret)
  const path = sessionFile()
  spoil(path)
  const { code, stderr } = await awrit(["app", "list"], withSecret)
  expect([code, stderr]).toEqual([1, expect.stringContaining(`the session file ${path} ${fault}`)])
  expect(stderr).toContain("awrit logout removes it, then sign in with awrit login")
  expect(await awrit(["logout"], withSecret)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("not released"),
  })
  await succeeds(["app", "list"], withSecret)
})

test.skipIf(process.getuid?.() !== 0)("a session file of another user is refused to root", async () => {
  await succeeds(["login"], withSecret)
  chownSync(sessionFile(), 65_534, 65_534)
  const { code, stderr } = await awrit(["app", "list"], withSecret)
  expect([code, stderr]).toEqual([1, expect.stringContaining("belongs to another user; awrit logout removes it")])
})
