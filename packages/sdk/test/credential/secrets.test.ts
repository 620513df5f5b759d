import { format, inspect } from "node:util"
import { createSigningKey } from "@agentwrit/core"
import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { launchToken } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { closedAddress, startProxy } from "@agentwrit/testing/proxy"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { expect, test } from "vitest"
import { AgentWritApp, acceptDelegation, generateAgentKey, registerAgent } from "../../src/index.ts"

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }

const time = fakeTimeOfFile()
let shared: SharedTestBroker
shareTestBroker(
  (broker) => {
    shared = broker
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

/** Everything that printing, logging, serializing or copying a value shows. */
function shownBy(value: unknown): string {
  const texts = [String(value), format("%s %o %O %j", value, value, value, value)]
  for (const options of [{}, { depth: null, showHidden: true, getters: true, showProxy: true }] as const)
    texts.push(inspect(value, options))
  texts.push(JSON.stringify(value) ?? "", inspect(structuredClone(value), { depth: null, showHidden: true }))
  texts.push(JSON.stringify({ ...Object(value) }), JSON.stringify(everyMember(value)))
  return texts.join("\n")
}

/** Everything that the properties of a value reach, with its prototypes' getters, without calling a method. */
function everyMember(value: unknown, seen = new Set<unknown>()): unknown {
  if (typeof value !== "object" || value === null || seen.has(value))
    return typeof value === "object" ? null : String(value)
  seen.add(value)
  const members: Record<string, unknown> = {}
  for (let at: unknown = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Reflect.ownKeys(Object(at)))
      members[String(name)] = everyMember(Reflect.get(Object(at), name, value), seen)
  return members
}

test("no object shows a secret when it is printed, logged, serialized or copied", async () => {
  const { clientId, clientSecret } = await registerApp(shared.url, shared.admin)
  const seed = crypto.getRandomValues(new Uint8Array(32))
  const app = new AgentWritApp({ brokerUrl: shared.url, clientId, clientSecret })
  const given = await launchToken(shared.url, shared.admin)
  const agent = await registerAgent({ brokerUrl: shared.url, launchToken: given, ...TASK, key: createSigningKey(seed) })
  const other = await app.createAgent(TASK)
  const delegated = await agent.delegate({ to: other.id, scope: TASK.scope })
  const before = await agent.token()
  await agent.renew()
  const accepted = acceptDelegation({ agent: other, token: await delegated.token() })
  const tokens = [before, await agent.token(), await other.token(), await delegated.token()]
  const secrets = [clientSecret, given, ...tokens.map((token) => token.split(".")[2] ?? "")]
  secrets.push(Buffer.from(seed).toString("hex"), Buffer.from(seed).toString("base64"), String(seed))
  for (const value of [app, agent, other, delegated, accepted]) {
    const shown = shownBy(value)
    expect(shown).toContain(value instanceof AgentWritApp ? clientId : value.id)
    for (const secret of secrets) expect(shown).not.toContain(secret)
  }
  // The key object may be shown, but not its secret.
  const key = await generateAgentKey()
  expect(inspect(key, { depth: null, showHidden: true })).not.toMatch(/privateKey|CryptoKey/)
  await agent.release()
})

test("no error shows a secret, whatever the broker or a proxy answers", async () => {
  await using proxy = await startProxy(shared.url)
  const { clientId, clientSecret } = await registerApp(shared.url, shared.admin)
  const broker = { brokerUrl: proxy.url, retries: 0 }
  const options = { ...broker, clientId, clientSecret }
  const app = new AgentWritApp(options)
  const agent = await app.createAgent(TASK)
  const token = await agent.token()
  const given = await launchToken(shared.url, shared.admin)
  const secrets = [clientSecret, given, token.split(".")[2] ?? ""]
  const nowhere = await closedAddress()
  const errors: unknown[] = []
  const calls = [
    () => new AgentWritApp(options).createAgent(TASK),
    () => new AgentWritApp({ ...options, clientSecret: `${clientSecret}0` }).createAgent(TASK),
    async () => new AgentWritApp({ ...options, clientSecret: `${clientSecret}\n` }),
    () => app.createAgent({ ...TASK, scope: ["write:data:7"] }),
    () => registerAgent({ ...broker, launchToken: given, ...TASK, orchId: "not/one" }),
    () => registerAgent({ ...broker, launchToken: given, ...TASK, taskId: given }),
    () => registerAgent({ ...broker, launchToken: `${given}\r\n`, ...TASK }),
    () => agent.renew(),
    () => agent.delegate({ to: agent.id, scope: TASK.scope }),
    () => agent.fetch("http://api.example"),
    () => agent.fetch(nowhere, { allowedOrigins: [nowhere] }),
    async () => acceptDelegation({ brokerUrl: proxy.url, token: `${token}\r\nx: y` }),
    async () => new AgentWritApp({ ...options, brokerUrl: `https://u:${clientSecret}@broker.example` }),
    () => agent.release(),
  ]
  const failures: ((answer: import("node:http").ServerResponse) => void)[] = [
    (answer) => answer.destroy(),
    (answer) => answer.writeHead(500).end("<h1>no</h1>"),
    (answer) => answer.end("{}"),
    () => undefined,
  ]
  for (const failure of failures) {
    proxy.intercept = (incoming, answer) => {
      if (incoming.url === "/v1/challenge") return "pass"
      failure(answer)
      return "taken"
    }
    for (const attempt of calls) errors.push(await time.passUntilSettled(attempt().catch((error: unknown) => error)))
  }
  expect(errors.filter((error) => error instanceof Error).length).toBe(errors.length)
  for (const error of errors) for (const secret of secrets) expect(shownBy(error)).not.toContain(secret)
})
