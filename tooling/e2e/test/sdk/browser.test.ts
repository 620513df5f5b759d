import { type BrokerFolder, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, call } from "@agentwrit/testing/client"
import { type Proxy as BrokerProxy, startProxy } from "@agentwrit/testing/proxy"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type BrowserPage, CHROMIUM, openPage } from "../../src/browser-page.ts"
import { missingPrograms } from "../../src/shell.ts"

const missing = missingPrograms("the SDK's bundles in Chromium", CHROMIUM)

describe.skipIf(missing)("in Chromium, with bundles of the built packages", () => {
  let folder: BrokerFolder
  let broker: BrokerProxy
  let admin: string
  let page: BrowserPage
  let setUp: string
  beforeAll(async () => {
    // In front of the broker, at another origin than the page.
    broker = await startProxy("")
    page = await openPage({
      "/api/customer": { headers: { "content-type": "text/plain" }, body: "customer 7291" },
      "/api/moved": { status: 302, headers: { location: "/api/customer" } },
      "/api/away": { status: 307, headers: { location: `${broker.url}/v1/health` } },
    })
    folder = await brokerFolder()
    broker.target = (await startBroker(folder, { AA_CORS_ORIGINS: page.origin })).url
    admin = await adminToken(broker.url)
    const { appId: _, ...secrets } = await registerApp(broker.url, admin)
    setUp = `
      const sdk = await import("/sdk.js")
      const verify = await import("/verify.js")
      const brokerUrl = ${JSON.stringify(broker.url)}
      const options = { brokerUrl, ...${JSON.stringify(secrets)} }
      const app = globalThis.app ??= new sdk.AgentWritApp(options)
      const allowedOrigins = [location.origin]
      const task = { orchId: "crm", taskId: "t-42", scope: ["read:data:customer-7291"], allowedOrigins }
      const codeOf = (promise) => promise.then(() => "done", ({ name, code }) => name + " " + code)
    `
  }, 60_000)
  afterAll(async () => {
    await page[Symbol.asyncDispose]()
    await broker[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  test("an agent gets, uses, renews, delegates and releases its credential", async () => {
    const told = await page.run<Record<string, unknown>>(`${setUp}
      const agent = await app.createAgent(task)
      const other = await app.createAgent(task)
      const answer = await agent.fetch("/api/customer")
      const text = await answer.text()
      const before = await agent.token()
      await agent.renew()
      const renewed = before !== await agent.token()
      const delegated = await agent.delegate({ to: other.id, scope: task.scope, ttl: 200 })
      const accepted = sdk.acceptDelegation({ agent: other, token: await delegated.token() })
      const lasting = accepted.expiresAt - Date.now()
      const shown = JSON.stringify([app, agent, delegated])
      const secrets = [options.clientSecret, await agent.token(), await delegated.token()]
      const leaks = secrets.filter((secret) => shown.includes(secret)).length
      await accepted.release()
      await agent.release()
      await other[Symbol.asyncDispose ?? "release"]()
      const after = await codeOf(agent.fetch("/api/customer"))
      return { id: agent.id, text, renewed, chain: accepted.chain.length, lasting, leaks, after }`)
    expect(told).toEqual({
      id: expect.stringMatching(/^spiffe:\/\/agentwrit.local\/agent\/crm\/t-42\//),
      text: "customer 7291",
      renewed: true,
      chain: 1,
      lasting: expect.any(Number),
      leaks: 0,
      after: "CredentialError credential_released",
    })
    expect(told["lasting"]).toBeGreaterThan(0)
    const sent = broker.seen
    expect(sent).toContain("POST /v1/token/renew")
    expect(sent).toContain("OPTIONS /v1/token/renew")
    expect(sent.filter((seen) => seen === "POST /v1/token/release").length).toBe(3)
  })

  test("a redirect is refused, because browsers hide its target; the caller can handle it with redirect: manual", async () => {
    const away = broker.seen.length
    expect(
      await page.run(`${setUp}
        const agent = await app.createAgent(task)
        const refused = [await codeOf(agent.fetch("/api/moved")), await codeOf(agent.fetch("/api/away"))]
        const manual = await agent.fetch("/api/moved", { redirect: "manual" })
        await agent.release()
        return [...refused, manual.type]`),
    ).toEqual(["TargetError redirect_refused", "TargetError redirect_refused", "opaqueredirect"])
    expect(broker.seen.slice(away)).not.toContain("GET /v1/health")
  })

  test("targets off the list and bodies of every kind behave as in Node", async () => {
    expect(
      await page.run(`${setUp}
        await using agent = await app.createAgent(task)
        const form = new FormData()
        form.set("field", "value")
        const posted = await agent.fetch(new Request("/api/customer", { method: "POST", body: form }))
        return [
          await codeOf(agent.fetch("https://api.example")),
          await codeOf(agent.fetch("blob:" + location.origin + "/0")),
          posted.status,
        ]`),
    ).toEqual(["TargetError origin_not_allowed", "TargetError origin_not_allowed", 200])
  })

  test("the broker's refusals and answers of other servers give the same errors as in Node", async () => {
    expect(
      await page.run(`${setUp}
        const codes = [await codeOf(app.createAgent({ ...task, scope: ["write:data:7"] }))]
        codes.push(await codeOf(app.createAgent({ ...task, scope: [] })))
        const nowhere = { ...options, brokerUrl: location.origin + "/api/customer", retries: 0 }
        codes.push(await codeOf(new sdk.AgentWritApp(nowhere).createAgent(task)))
        return codes`),
    ).toEqual([
      "BrokerError forbidden",
      "InvalidRequestError invalid_request",
      "UnexpectedAnswerError unexpected_answer",
    ])
  })

  test("a verifier follows the feed, accepts a token, and refuses it once it is revoked", async () => {
    const id = await page.run<string>(`${setUp}
      globalThis.agent = await app.createAgent(task)
      globalThis.verifier = verify.createVerifier({ brokerUrl })
      await verifier.ready()
      globalThis.verifyAgent = async () => {
        const request = { method: "GET", url: location.origin + "/api/customer" }
        const { authorization, dpop } = await agent.headers(request)
        return (await verifier.verify(authorization.slice("DPoP ".length), { ...request, proof: dpop })).sub
      }
      return verifyAgent()`)
    await call(broker.url, "POST /v1/revoke", { bearer: admin, json: { level: "agent", target: id } })
    const code = () => page.run(`${setUp} return codeOf(verifyAgent())`)
    await expect.poll(code).toBe("InvalidTokenError token_revoked")
    await page.run("verifier.close()")
  })

  test("a page reads the headers that a client needs; one of another origin reads nothing", async () => {
    const read = await page.run(`${setUp}
      const { headers } = await fetch(brokerUrl + "/v1/admin/apps")
      return ["www-authenticate", "x-request-id", "x-frame-options"].map((name) => headers.get(name))`)
    expect(read).toEqual(["Bearer", expect.stringMatching(/^[0-9a-f]{16}$/), null])
    // The origin of a sandboxed frame is "null".
    const told = await page.run(`${setUp}
      const frame = document.createElement("iframe")
      frame.sandbox = "allow-scripts"
      frame.srcdoc = "<script>fetch('" + brokerUrl + "/v1/challenge').then(() => 'read', ({ name }) => name)" +
        ".then((told) => parent.postMessage(told, '*'))</script>"
      const answer = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data), { once: true }))
      document.body.append(frame)
      return answer`)
    expect(told).toBe("TypeError")
  })
})
