import type { webcrypto } from "node:crypto"
import { message, renewalResponse } from "@agentwrit/contract"
import { createSigningKey, type DelegationRecord } from "@agentwrit/core"
import * as v from "valibot"
import { expectTypeOf } from "vitest"
import { defineCall } from "../src/call.ts"
import {
  type Agent,
  type AgentKey,
  type AgentKeyPair,
  AgentWritApp,
  AgentWritError,
  acceptDelegation,
  type BrokerError,
  type Credential,
  type CredentialError,
  type CredentialFailure,
  type CredentialFetch,
  type DelegatedCredential,
  type NetworkError,
  registerAgent,
  type TargetError,
} from "../src/index.ts"

// Tests of types: each line must compile, or must not.

const app = new AgentWritApp({ brokerUrl: "https://b.example", clientId: "c", clientSecret: "s" })
const task = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] } as const

/** The bindings of a Worker are not only text. */
interface WorkerBindings {
  readonly AGENTWRIT_CLIENT_SECRET: string
  readonly CACHE: Map<string, string>
}
export const configured = (bindings: WorkerBindings): void => {
  expectTypeOf(AgentWritApp.fromEnv()).toEqualTypeOf<AgentWritApp>()
  AgentWritApp.fromEnv({ env: process.env })
  AgentWritApp.fromEnv({ env: bindings, allowedOrigins: ["https://api.example"] })
  // @ts-expect-error the environment has the credentials
  AgentWritApp.fromEnv({ clientId: "c" })
  // @ts-expect-error a secret is text
  AgentWritApp.fromEnv({ env: { AGENTWRIT_CLIENT_SECRET: 7 } })
}

export const created = async (): Promise<void> => {
  await using agent = await app.createAgent(task)
  expectTypeOf(agent).toEqualTypeOf<Agent>()
  expectTypeOf(agent).toExtend<Credential>()
  expectTypeOf(await agent.fetch("https://api.example")).toEqualTypeOf<Response>()
  expectTypeOf(agent.scope).toEqualTypeOf<readonly string[]>()
  expectTypeOf(agent.expiresAt).toEqualTypeOf<Date>()
  expectTypeOf(await agent.run((same) => same)).toEqualTypeOf<Agent>()
  expectTypeOf(
    await agent.run(async ({ fetch }) => (await fetch("https://api.example")).status),
  ).toEqualTypeOf<number>()
  const delegated = await agent.delegate({ to: agent.id, scope: task.scope })
  expectTypeOf(delegated).toEqualTypeOf<DelegatedCredential>()
  expectTypeOf(delegated.chain).toEqualTypeOf<readonly DelegationRecord[]>()
  expectTypeOf(await delegated.token()).toEqualTypeOf<string>()
  // Ours fits where a library expects the standard fetch.
  expectTypeOf(agent.fetch).toExtend<(input: string | URL | Request, init?: RequestInit) => Promise<Response>>()
  expectTypeOf<CredentialFetch>().toExtend<typeof globalThis.fetch>()

  // @ts-expect-error a task has a name
  await app.createAgent({ orchId: "crm", scope: task.scope })
  // @ts-expect-error scopes are a list
  await app.createAgent({ ...task, scope: "read:data:7" })
  // @ts-expect-error seconds are a number
  await app.createAgent({ ...task, ttl: "60" })
  // @ts-expect-error there is no such option
  await app.createAgent({ ...task, autorenew: false })
  // @ts-expect-error the id is readonly
  agent.id = ""
  // @ts-expect-error the scope is readonly
  agent.scope.push("write:data:7")
  // @ts-expect-error an agent has no chain
  agent.chain
  // @ts-expect-error the token comes from a method, so that no copy of the object contains it
  agent.token.length satisfies string
  // @ts-expect-error a delegation names its scope
  await agent.delegate({ to: agent.id })
}

// Keys: core's, and pairs of WebCrypto.
expectTypeOf(createSigningKey).returns.toExtend<AgentKey>()
expectTypeOf<webcrypto.CryptoKeyPair>().toExtend<AgentKeyPair>()
expectTypeOf<{ publicKey: string }>().not.toExtend<AgentKey>()

// @ts-expect-error an app without its secret
new AgentWritApp({ brokerUrl: "https://b.example", clientId: "c" })
// @ts-expect-error a registration without its launch token
export const unlaunched = () => registerAgent({ brokerUrl: "https://b.example", ...task })
// @ts-expect-error a delegation without its token
export const tokenless = () => acceptDelegation({ brokerUrl: "https://b.example" })

/** The hierarchy narrows by class and by code. */
export function explain(error: AgentWritError | CredentialError | BrokerError): string | number | undefined {
  expectTypeOf<NetworkError["code"]>().toEqualTypeOf<"network_error" | "timeout">()
  expectTypeOf<TargetError["code"]>().toEqualTypeOf<"origin_not_allowed" | "insecure_target" | "redirect_refused">()
  expectTypeOf<CredentialFailure["error"]>().toEqualTypeOf<AgentWritError>()
  expectTypeOf<BrokerError["status"]>().toEqualTypeOf<number>()
  expectTypeOf<BrokerError["retryAfter"]>().toEqualTypeOf<number | undefined>()
  if (!(error instanceof AgentWritError)) return undefined
  // @ts-expect-error the fields of an error are readonly
  error.code = "other"
  return error.hint ?? error.status
}

// A call names a route of the contract, and reads its answer or a part of it.
export const renewal = defineCall("POST /v1/token/renew", "unprocessed", { response: renewalResponse })
export const part = defineCall("POST /v1/token/renew", "unprocessed", {
  response: message({ access_token: v.string() }),
})
// @ts-expect-error a token is text
defineCall("POST /v1/token/renew", "unprocessed", { response: message({ access_token: v.number() }) })
// @ts-expect-error a renewal has no body
defineCall("POST /v1/token/renew", "unprocessed", { request: renewalResponse })
// @ts-expect-error no route has this method and path
defineCall("GET /v1/token/renew", "always", {})
