import { canonicalJson } from "@agentwrit/core"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

test("what events say of rights is in canonical order, so that its hash needs no sorting", async () => {
  await using on = await testAuthority()
  const app = await on.app("crm", ["read:data:*"], { orchIds: ["crm"] })
  const [agent, other] = [await app.agent(), await on.agent({}, { maxLifetime: 600 })]
  await on.delegate(agent.claims, other.agentId)
  await on.authority.renewToken(CALLER, agent.claims)
  await on.authority.releaseToken(CALLER, other.claims)
  await on.authority.rotateAppSecret(CALLER, on.operator, app.appId)
  await on.authority.revoke(CALLER, on.operator, { level: "app", target: app.appId })
  const told = (await on.events()).map(({ data }) => data).filter((data) => data !== undefined)
  expect(new Set(told.flatMap((data) => Object.keys(data)))).toEqual(
    new Set(["agents", "apps", "launch_tokens", "releases", "renewals", "revocations", "tokens", "used_launch_tokens"]),
  )
  for (const data of told) expect(JSON.stringify(data)).toBe(canonicalJson(data))
})
