import { expect, test } from "vitest"
import { AgentWritAdmin } from "../../src/admin/index.ts"
import { AgentWritApp, registerAgent } from "../../src/index.ts"

// Input that is wrong by itself is refused before anything is sent, a sign-in included, by the names of the options.

const sent: string[] = []
const BROKER = {
  brokerUrl: "https://broker.example",
  fetch: (url: string) => {
    sent.push(url)
    return Promise.reject(new Error("something was sent"))
  },
}
const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }
const app = new AgentWritApp({ ...BROKER, clientId: "c", clientSecret: "s" })
const admin = new AgentWritAdmin({ ...BROKER, adminSecret: "s" })

const createAgent = (options: object) => app.createAgent({ ...TASK, ...options })
const launch = (options: object) => app.createLaunchToken({ ...TASK, ...options })
const register = (options: object) => registerAgent({ ...BROKER, launchToken: "l", ...TASK, ...options })

test.each<[name: string, call: () => Promise<unknown>, message: RegExp]>([
  ["createAgent", () => createAgent({ scope: [] }), /^scope must be a list of 1 to 256 scopes$/],
  ["createAgent", () => createAgent({ scope: "read:data:7" }), /^scope must be a list/],
  ["createAgent", () => createAgent({ scope: ["read:data:7", "read"] }), /^scope\[1\] must be a scope/],
  ["createAgent", () => createAgent({ scope: ["admin:revoke:*"] }), /^scope\[0\] must not name a reserved action/],
  ["createAgent", () => createAgent({ orchId: undefined }), /^orchId is missing: it must be letters/],
  ["createAgent", () => createAgent({ taskId: "a/b" }), /^taskId must be letters, digits/],
  ["createAgent", () => createAgent({ ttl: 0 }), /^ttl must be a whole number of seconds, 1 or more$/],
  ["createAgent", () => createAgent({ maxTtl: 1.5 }), /^maxTtl must be a whole number of seconds/],
  ["createAgent", () => createAgent({ agentName: "" }), /^agentName must be a string of 1 to 256 characters$/],
  ["createAgent", () => createAgent({ bound: "yes" }), /^bound must be true or false$/],
  ["createLaunchToken", () => launch({ scope: ["read"] }), /^scope\[0\] must be a scope/],
  ["createLaunchToken", () => launch({ ttl: 86_401 }), /^ttl must be a whole number of seconds from 1 to 86400$/],
  ["registerAgent", () => register({ scope: [] }), /^scope must be a list/],
  ["registerAgent", () => register({ launchToken: "" }), /^launchToken must be a text that is not empty$/],
  ["registerAgent", () => register({ launchToken: "l\n" }), /^launchToken has a line break: give the value alone$/],
  ["createApp", () => admin.createApp({ name: "Bad", scopes: ["read:data:*"] }), /^name must be/],
  ["createApp", () => admin.createApp({ name: "crm", scopes: ["read:data:*"], tokenTtl: 1 }), /^tokenTtl must be/],
])("%s names the option that is wrong", async (_, call, message) => {
  await expect((async () => call())()).rejects.toThrow(message)
  expect(sent).toEqual([])
})
