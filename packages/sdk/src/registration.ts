import { decodeHex, encodeBase64 } from "@agentwrit/core"
import { type AgentKey, generateAgentKey } from "./agent-key.ts"
import { parseAllowedOrigins } from "./allowed-origins.ts"
import { BROKER_OPTIONS, BrokerClient, type BrokerOptions, type CallOptions } from "./broker-client.ts"
import { challenge, register as registerCall } from "./calls.ts"
import { Agent, CREDENTIAL_OPTIONS, type CredentialOptions } from "./credential.ts"
import { CredentialError } from "./credential-error.ts"
import { isBound, issuedToken } from "./issued-token.ts"
import { requireKnownOptions } from "./known-options.ts"
import type { Registered } from "./managed-token.ts"
import { Prover } from "./prover.ts"
import { requireText } from "./required-text.ts"

/** The identity and scope of an agent, and how its token is renewed. */
export interface AgentOptions extends CredentialOptions, CallOptions {
  /** Its orchestration: letters, digits, `.`, `-`, `_`. */
  readonly orchId: string
  /** Its task. Revoking the task revokes every token of it. */
  readonly taskId: string
  /** Scopes, `action:resource:identifier`; at least one. */
  readonly scope: readonly string[]
  /** TTL of each token in seconds, at most what the launch token allows. Default: that maximum. */
  readonly ttl?: number | undefined
  /** The agent's Ed25519 key. Default: a new one in memory that cannot be exported. */
  readonly key?: AgentKey | undefined
  /**
   * Whether the token is bound to the key, so that it is worth nothing without it (RFC 9449). Default: where the broker
   * can do that.
   * `false` asks for a bearer token, which works for anyone who holds it. `true` insists: a broker that cannot is an
   * error.
   */
  readonly bound?: boolean | undefined
  /** Whether the token is renewed automatically, after about three quarters of its life. Default `true`. */
  readonly autoRenew?: boolean | undefined
}

/** The names of {@link AgentOptions}. */
export const AGENT_OPTIONS: Readonly<Record<keyof AgentOptions, true>> = {
  ...CREDENTIAL_OPTIONS,
  orchId: true,
  taskId: true,
  scope: true,
  ttl: true,
  key: true,
  bound: true,
  autoRenew: true,
  signal: true,
}

/** A registration with a launch token from elsewhere. */
export interface RegisterAgentOptions extends BrokerOptions, AgentOptions {
  /** From the operator or an app. Valid once, by default for 30 seconds. */
  readonly launchToken: string
}

const NAMES: Readonly<Record<keyof RegisterAgentOptions, true>> = {
  ...BROKER_OPTIONS,
  ...AGENT_OPTIONS,
  launchToken: true,
}

/**
 * Registers an agent in a process that has only a launch token.
 * @throws {@link BrokerError}, {@link NetworkError}, {@link InvalidRequestError}, {@link UnexpectedAnswerError}
 * @example
 * ```ts
 * const agent = await registerAgent({ brokerUrl, launchToken, orchId: "crm", taskId: "t-42", scope: ["read:data:7"] })
 * ```
 */
export async function registerAgent(options: RegisterAgentOptions): Promise<Agent> {
  requireKnownOptions<RegisterAgentOptions>("registerAgent", options, NAMES)
  requireText("launchToken", options.launchToken)
  return register(new BrokerClient(options), { once: options.launchToken }, options)
}

/** Where a registration gets its launch token: the only one, or a new one for each. */
export type Launch =
  | { readonly once: string }
  | { readonly each: (options: CallOptions) => Promise<string>; readonly once?: undefined }

/** Registers an agent, which proves possession of its key by signing the broker's nonce. */
export async function register(client: BrokerClient, launch: Launch, options: AgentOptions): Promise<Agent> {
  const { orchId, taskId, scope, ttl, signal, onError, autoRenew = true } = options
  const allowedOrigins = parseAllowedOrigins(options.allowedOrigins)
  const asked = { orchId, taskId, requestedScope: scope, requestedTtl: ttl, bound: options.bound }
  // Before anything is sent; the other fields are not the caller's.
  client.check(registerCall, { body: { launchToken: "", nonce: "", publicKey: "", signature: "", ...asked } })
  const key = options.key ?? (await generateAgentKey())
  const { publicKey } = key
  if (!ArrayBuffer.isView(publicKey) || publicKey.length !== 32)
    throw new TypeError("key.publicKey must be the 32 bytes of an Ed25519 key")
  const registerOnce = async ({ signal }: CallOptions = {}): Promise<Registered> => {
    const launchToken = launch.once ?? (await launch.each({ signal }))
    let requestedAt = 0
    // A new body for each attempt, because the nonce of the attempt before may have expired.
    const body = async () => {
      const { nonce, bound: canBind = false } = await client.send(challenge, { signal })
      if (options.bound === true && !canBind) throw cannotBind()
      const signature = encodeBase64(await key.sign(decodeHex(nonce)))
      requestedAt = performance.now()
      const proof = { nonce, publicKey: encodeBase64(publicKey), signature }
      return { launchToken, ...proof, ...asked, bound: (options.bound ?? canBind) || undefined }
    }
    const answer = await client.send(registerCall, { body, signal })
    const token = issuedToken(client.brokerUrl, answer, requestedAt)
    if (options.bound === true && !isBound(token.value)) throw cannotBind()
    return { id: answer.agentId, token }
  }
  const { id, token } = await registerOnce({ signal })
  const prover = new Prover(key)
  prover.learnTime(token.value)
  const registerAgain = launch.once === undefined ? registerOnce : undefined
  const renewal = autoRenew ? "auto" : "manual"
  const terms = { client, allowedOrigins, onError, prover, renewal, registerAgain } as const
  return new Agent({ id, orchId, taskId, scope }, token, terms)
}

function cannotBind(): CredentialError {
  return new CredentialError("binding_unavailable", "the broker does not bind tokens to keys", {
    hint: "upgrade it, or register without `bound: true`, which gives a bearer token",
  })
}
