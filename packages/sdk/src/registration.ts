import { decodeHex, encodeBase64 } from "@agentwrit/core"
import { type AgentKey, generateAgentKey } from "./agent-key.ts"
import { parseAllowedOrigins } from "./allowed-origins.ts"
import { BrokerClient, type BrokerOptions, type CallOptions } from "./broker-client.ts"
import { challenge, register as registerCall } from "./calls.ts"
import { Agent, type CredentialOptions } from "./credential.ts"
import { issuedToken } from "./issued-token.ts"

/** Who an agent is, what it may do, and how its token is kept. */
export interface AgentOptions extends CredentialOptions, CallOptions {
  /** The orchestration that it belongs to: letters, digits, `.`, `-`, `_`. */
  readonly orchId: string
  /** The task that it works on; revoking the task ends every token of it. */
  readonly taskId: string
  /** Scopes, `action:resource:identifier`; at least one. */
  readonly scope: readonly string[]
  /** Seconds that each token lives; never above what the launch token allows, its default. */
  readonly ttl?: number | undefined
  /** The agent's Ed25519 key. Default: a new one in memory, that no one can export. */
  readonly key?: AgentKey | undefined
  /** Whether the token is renewed by itself, after about three quarters of its life. Default `true`. */
  readonly autoRenew?: boolean | undefined
}

/** A registration with a launch token that someone else made. */
export interface RegisterAgentOptions extends BrokerOptions, AgentOptions {
  /** From the operator or an app; good once, for half a minute unless its maker said otherwise. */
  readonly launchToken: string
}

/**
 * Registers an agent in a process that holds a launch token and nothing else.
 * @throws {@link BrokerError}, {@link NetworkError}, {@link InvalidRequestError}, {@link UnexpectedAnswerError}
 * @example
 * ```ts
 * await using agent = await registerAgent({ brokerUrl, launchToken, orchId: "crm", taskId: "t-42", scope: ["read:data:7"] })
 * ```
 */
export function registerAgent(options: RegisterAgentOptions): Promise<Agent> {
  return register(new BrokerClient(options), async () => options.launchToken, options)
}

/**
 * The registration itself: the agent proves its key by signing the broker's nonce.
 * @param launch gets the launch token, once the options were found to be usable.
 */
export async function register(
  client: BrokerClient,
  launch: () => Promise<string>,
  options: AgentOptions,
): Promise<Agent> {
  const { orchId, taskId, scope, ttl, signal, onError, autoRenew = true } = options
  const allowedOrigins = parseAllowedOrigins(options.allowedOrigins)
  const key = options.key ?? (await generateAgentKey())
  const { publicKey } = key
  if (!ArrayBuffer.isView(publicKey) || publicKey.length !== 32)
    throw new TypeError("key.publicKey must be the 32 bytes of an Ed25519 key")
  const launchToken = await launch()
  let ticks = 0
  // Made anew for each attempt: the nonce of the one before may have run out meanwhile.
  const body = async () => {
    const { nonce } = await client.send(challenge, { signal })
    const signature = encodeBase64(await key.sign(decodeHex(nonce)))
    ticks = performance.now()
    const proof = { nonce, publicKey: encodeBase64(publicKey), signature }
    return { launchToken, ...proof, orchId, taskId, requestedScope: scope, requestedTtl: ttl }
  }
  const answer = await client.send(registerCall, { body, signal })
  const token = issuedToken(client, answer, ticks)
  const terms = { client, allowedOrigins, onError, renewal: autoRenew ? "auto" : "manual" } as const
  return new Agent({ id: answer.agentId, orchId, taskId, scope }, token, terms)
}
