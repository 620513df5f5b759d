import { shareTestBroker } from "@agentwrit/testing/broker"
import { startProxy } from "@agentwrit/testing/proxy"
import { expect, test } from "vitest"
import { awrit, operator, startAwrit } from "./run-awrit.ts"

let url: string
let env: Record<string, string>
shareTestBroker((shared) => {
  url = shared.url
  env = operator(url)
})

test("following continues after an outage of the broker", async () => {
  await using proxy = await startProxy(url)
  const following = startAwrit(["audit", "events", "--follow", "--json"], {
    env: { ...env, AACTL_BROKER_URL: proxy.url },
  })
  await expect.poll(following.stdout).toContain('"id":"evt-')
  proxy.intercept = (_incoming, answer) => {
    answer.destroy()
    return "taken"
  }
  await expect.poll(following.stderr).toContain("trying again")
  await awrit(["revoke", "--level", "task", "--target", "while-away"], { env })
  proxy.intercept = () => "pass"
  await expect.poll(following.stdout).toContain("while-away")
  following.closeReader()
  const { code, stderr, stdout } = await following.ended
  expect(code).toBe(0)
  const ids = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(stderr.trim().split("\n")).toHaveLength(1)
})
