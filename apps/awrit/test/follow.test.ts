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

test("following shows all earlier events also where the broker ends a page early", async () => {
  const targets = Array.from({ length: 8 }, (_, index) => `earlier-${index}`)
  for (const target of targets) await awrit(["revoke", "--level", "task", "--target", target], { env })
  await using proxy = await startProxy(url)
  // As the broker does at 4 MiB, which some large events are.
  proxy.intercept = (incoming, answer) => {
    const asked = new URL(incoming.url ?? "", url)
    const limit = Number(asked.searchParams.get("limit"))
    if (limit <= 3) return "pass"
    asked.searchParams.set("limit", "3")
    void fetch(asked, { headers: { authorization: incoming.headers.authorization ?? "" } })
      .then(async (page) => answer.setHeader("content-type", "application/json").end(await page.text()))
      // The broker may end before the last look.
      .catch(() => answer.destroy())
    return "taken"
  }
  const words = ["audit", "events", "--follow", "--json", "--event-type", "token_revoked", "--limit", "8"]
  const following = startAwrit(words, { env: { ...env, AACTL_BROKER_URL: proxy.url } })
  await expect.poll(following.stdout).toContain("earlier-7")
  following.closeReader()
  const { stdout } = await following.ended
  expect(stdout.match(/earlier-\d/g)?.filter((target, index, all) => all.indexOf(target) === index)).toEqual(targets)
})
