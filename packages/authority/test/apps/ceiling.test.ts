import { describe, expect, test } from "vitest"
import { InterceptedStore } from "../intercepted-store.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

/** An authority with an app, and everything that the use cases below need. */
async function withApp() {
  const store = new InterceptedStore()
  const on = await testAuthority({ store })
  const app = await on.app()
  const policy = { agentName: "worker", allowedScope: ["read:data:7"] }
  const { launchToken } = await on.authority.createAppLaunchToken(CALLER, app.claims, policy)
  const [holder, other] = [await app.agent(), await on.agent()]
  return { on, store, app, policy, launchToken, holder, other }
}

type WithApp = Awaited<ReturnType<typeof withApp>>

const useCases: [string, (setting: WithApp) => Promise<unknown>][] = [
  ["registration", ({ on, launchToken }) => on.authority.register(CALLER, on.request(launchToken))],
  ["renewal", ({ on, holder }) => on.authority.renewToken(CALLER, holder.claims)],
  ["delegation", ({ on, holder, other }) => on.delegate(holder.claims, other.agentId)],
  ["launch token", ({ on, app, policy }) => on.authority.createAppLaunchToken(CALLER, app.claims, policy)],
]

// The app is read before the commit: a change in between must count.
describe("when the app changes between the decision and the commit", () => {
  test.each(useCases)("a %s beyond the new ceiling is refused", async (_, run) => {
    const setting = await withApp()
    const { on, store, app } = setting
    store.beforeWrite = () => on.authority.updateApp(CALLER, on.operator, app.appId, { scopes: ["read:data:8"] })
    await expect(run(setting)).rejects.toMatchObject({ code: "forbidden" })
    await on.authority.close()
  })

  test.each(useCases)("a %s of a deregistered app is refused", async (_, run) => {
    const setting = await withApp()
    const { on, store, app } = setting
    store.beforeWrite = () => on.authority.deregisterApp(CALLER, on.operator, app.appId)
    await expect(run(setting)).rejects.toMatchObject({ code: "forbidden" })
    await on.authority.close()
  })

  test.each(useCases)("a %s within the new ceiling succeeds", async (_, run) => {
    const setting = await withApp()
    const { on, store, app } = setting
    store.beforeWrite = () => on.authority.updateApp(CALLER, on.operator, app.appId, { scopes: ["read:data:7"] })
    await run(setting)
    await on.authority.close()
  })

  test("a sign-in of a deregistered app is refused", async () => {
    const { on, store, app } = await withApp()
    store.beforeWrite = () => on.authority.deregisterApp(CALLER, on.operator, app.appId)
    const { appId, clientId, clientSecret } = app
    const refusal = { code: "unauthorized", reason: `${appId} is inactive` }
    await expect(on.authority.signInApp(CALLER, { clientId, clientSecret })).rejects.toMatchObject(refusal)
    await on.authority.close()
  })
})
