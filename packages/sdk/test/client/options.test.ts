import { delegatedToken } from "@agentwrit/testing/delegated-token"
import { describe, expect, test } from "vitest"
import { AgentWritAdmin } from "../../src/admin/index.ts"
import { AgentWritApp, acceptDelegation, registerAgent } from "../../src/index.ts"
import { createVerifier } from "../../src/verify/index.ts"

const CREDENTIALS = { clientId: "c", clientSecret: "s" }
const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }
const BROKER = { brokerUrl: "https://broker.example", fetch: () => Promise.reject(new Error("something was sent")) }

/** What a program makes with a broker's options. */
const MAKERS: [name: string, make: (options: { brokerUrl: string }) => unknown][] = [
  ["AgentWritApp", (options) => new AgentWritApp({ ...CREDENTIALS, ...options })],
  ["AgentWritAdmin", (options) => new AgentWritAdmin({ adminSecret: "s", ...options })],
  ["acceptDelegation", (options) => acceptDelegation({ token: delegatedToken(), ...options })],
  ["registerAgent", (options) => registerAgent({ launchToken: "l", ...TASK, ...options })],
  ["createVerifier", (options) => createVerifier(options)],
  ["createAgent", (options) => new AgentWritApp({ ...CREDENTIALS, ...BROKER }).createAgent({ ...TASK, ...options })],
  [
    "createLaunchToken",
    (options) => new AgentWritApp({ ...CREDENTIALS, ...BROKER }).createLaunchToken({ ...TASK, ...options }),
  ],
]

test.each(MAKERS)("%s refuses an option that does not exist, and names those that do", async (name, make) => {
  const options = { ...(name.startsWith("create") && name !== "createVerifier" ? {} : BROKER), allowedOrigin: ["x"] }
  const refused = (async () => make(options as never))()
  await expect(refused).rejects.toThrow(TypeError)
  await expect(refused).rejects.toThrow(new RegExp(`^${name} has no option "allowedOrigin"; it has: `))
})

describe.each(MAKERS.slice(0, 5))("%s", (_, make) => {
  test.each(["https://broker.example", "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"])(
    "takes the broker %s",
    async (brokerUrl) => {
      const made: unknown = await (async () => make({ ...BROKER, brokerUrl }))().catch((error: unknown) => error)
      expect(made).not.toMatchObject({ name: "TargetError" })
      if (typeof made === "object" && made !== null && "close" in made) await (made.close as () => Promise<void>)()
    },
  )

  test("takes any broker with dangerouslyAllowHttp", async () => {
    const options = { ...BROKER, brokerUrl: "http://broker.example", dangerouslyAllowHttp: true }
    const made: unknown = await (async () => make(options))().catch((error: unknown) => error)
    expect(made).not.toMatchObject({ name: "TargetError" })
    if (typeof made === "object" && made !== null && "close" in made) await (made.close as () => Promise<void>)()
  })
})
