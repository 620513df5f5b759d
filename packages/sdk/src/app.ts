import { MAX_AGENT_NAME } from "@agentwrit/contract"
import { BrokerClient, type BrokerOptions, type CallOptions } from "./broker-client.ts"
import { appSignIn, createAppLaunchToken } from "./calls.ts"
import type { Agent } from "./credential.ts"
import { issuedToken } from "./issued-token.ts"
import { type AgentOptions, register } from "./registration.ts"
import { Session } from "./session.ts"

/** How an app reaches its broker, and what it signs in with. */
export interface AppOptions extends BrokerOptions {
  /** What registering the app answered as `client_id`. */
  readonly clientId: string
  /** What registering the app answered as `client_secret`, once. */
  readonly clientSecret: string
}

/** The part of its life after which an app's token is not used for a further call. */
const LAST_USE = 0.9

/** An agent that an app creates. */
export interface CreateAgentOptions extends AgentOptions {
  /** A label for the operator and the trail. Default: the orchestration and the task. */
  readonly agentName?: string | undefined
  /** The longest `ttl`, in seconds, that the launch token allows. Default: the `ttl`, else the broker's default. */
  readonly maxTtl?: number | undefined
}

/** A launch token for a process of its own, which calls `registerAgent` with it. */
export interface CreateLaunchTokenOptions extends CallOptions {
  /** The one orchestration that may use it. */
  readonly orchId: string
  /** The one task that may use it. */
  readonly taskId: string
  /** The widest scope that a registration with it may ask for; within the app's ceiling. */
  readonly scope: readonly string[]
  readonly agentName?: string | undefined
  /** The longest life of the agent's tokens, in seconds. Default: the broker's. */
  readonly maxTtl?: number | undefined
  /** Seconds that the launch token itself is good for. Default 30. */
  readonly ttl?: number | undefined
}

/**
 * An app, which creates agents within its ceiling. It signs in when that is first needed, and again when its token runs out; keep one
 * for the life of the process.
 *
 * @example
 * ```ts
 * const app = new AgentWritApp({ brokerUrl, clientId, clientSecret })
 * await using agent = await app.createAgent({ orchId: "crm", taskId: "t-42", scope: ["read:data:customer-7291"] })
 * const res = await agent.fetch("https://api.example.com/customers/7291")
 * ```
 */
export class AgentWritApp {
  readonly brokerUrl: string
  readonly clientId: string
  readonly #client: BrokerClient
  readonly #session: Session

  /** @throws `TypeError` for options that cannot be meant. */
  constructor(options: AppOptions) {
    const { clientId, clientSecret } = options
    if (!(isText(clientId) && isText(clientSecret)))
      throw new TypeError("clientId and clientSecret must be what registering the app answered")
    const client = new BrokerClient(options)
    this.#client = client
    this.#session = new Session({
      lastUse: LAST_USE,
      async signIn() {
        const ticks = performance.now()
        return issuedToken(client, await client.send(appSignIn, { body: { clientId, clientSecret } }), ticks)
      },
    })
    this.brokerUrl = client.brokerUrl
    this.clientId = clientId
  }

  /**
   * Creates an agent: a launch token, good once and for this orchestration and task alone, and the registration with it. When the
   * answer to the registration is lost, nothing is repeated; what may then exist expires by itself.
   * @throws {@link BrokerError} `unauthorized` for a wrong secret, `forbidden` beyond the ceiling; {@link NetworkError},
   * {@link InvalidRequestError}, {@link UnexpectedAnswerError}
   */
  createAgent(options: CreateAgentOptions): Promise<Agent> {
    const { ttl, maxTtl = ttl, orchId, taskId, scope, agentName, signal } = options
    const launch = () => this.createLaunchToken({ orchId, taskId, scope, agentName, maxTtl, signal })
    return register(this.#client, launch, options)
  }

  /**
   * A launch token for another process: 64 characters, good once. Hand it over where no one else reads along, such as standard input.
   * @throws as {@link AgentWritApp.createAgent}
   */
  async createLaunchToken(options: CreateLaunchTokenOptions): Promise<string> {
    const { orchId, taskId, scope, maxTtl, ttl, signal } = options
    const { agentName = `${orchId}/${taskId}`.slice(0, MAX_AGENT_NAME) } = options
    const body = { agentName, allowedScope: scope, orchId, taskId, maxTtl, ttl }
    const send = (bearer: string) => this.#client.send(createAppLaunchToken, { bearer, body, signal })
    return (await this.#session.authorized({ signal }, send)).launchToken
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== ""
}
