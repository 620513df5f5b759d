import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

// In process all of them are judged before the first is committed: only the commit's own condition tells them apart.
test.each([
  ["renewals", "POST /v1/token/renew", 200],
  ["releases", "POST /v1/token/release", 204],
])("of twenty simultaneous %s of one token exactly one succeeds", async (_, route, status) => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const json = await registration(app, await launchToken(app, await signIn(app)))
  const bearer = (await ask(app, "POST /v1/register", { json })).body.access_token
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(app, route, { bearer })))
  expect(answers.filter((answer) => answer.status === status)).toHaveLength(1)
  for (const { status: found, body } of answers)
    if (found !== status) expect([found, body.error_code]).toEqual([403, "token_revoked"])
  expect(broker.bugs).toEqual([])
})
