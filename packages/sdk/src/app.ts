import { decode, launchTokenParameters, MAX_AGENT_NAME } from "@agentwrit/contract"
import { type AllowedOrigins, parseAllowedOrigins } from "./allowed-origins.ts"
import { appSession } from "./app-session.ts"
import { BROKER_OPTIONS, BrokerClient, type BrokerOptions, type CallAnswer, type CallOptions } from "./broker-client.ts"
import { createAppLaunchToken, listAppLaunchTokens, revokeAppLaunchToken } from "./calls.ts"
import type { Agent } from "./credential.ts"
import { type Environment, readEnvironment } from "./environment.ts"
import { InvalidRequestError } from "./errors.ts"
import { requireKnownOptions } from "./known-options.ts"
import { AGENT_OPTIONS, type AgentOptions, register } from "./registration.ts"
import type { Session } from "./session.ts"

/** The broker and credentials of an app. */
export interface AppOptions extends BrokerOptions {
  /** The `client_id` from the app's registration. */
  readonly clientId: string
  /** The `client_secret` from the app's registration, where it is shown once. */
  readonly clientSecret: string
  /**
   * The only origins that tokens of its agents may go to, unless an agent or a `fetch` names its own. Default: none.
   */
  readonly allowedOrigins?: AllowedOrigins | undefined
}

/** What {@link AgentWritApp.fromEnv} does not read from the environment. */
export interface FromEnvOptions extends Omit<AppOptions, "brokerUrl" | "clientId" | "clientSecret"> {
  /** The variables, where they are not those of the process, such as the bindings of a Worker. */
  readonly env?: Environment | undefined
}

/** How an app creates an agent. */
export interface CreateAgentOptions extends AgentOptions {
  /** A label in the audit trail. Default: the orchestration and the task. */
  readonly agentName?: string | undefined
  /** The longest `ttl`, in seconds, that the launch token allows. Default: the `ttl`, or else the broker's default. */
  readonly maxTtl?: number | undefined
}

/** How to make a launch token for another process, which passes it to `registerAgent`. */
export interface CreateLaunchTokenOptions extends CallOptions {
  /** The only orchestration that may use it. */
  readonly orchId: string
  /** The only task that may use it. */
  readonly taskId: string
  /** The widest scope that a registration with it may request, within the app's ceiling. */
  readonly scope: readonly string[]
  readonly agentName?: string | undefined
  /** The longest TTL of the agent's tokens, in seconds. Default: the broker's. */
  readonly maxTtl?: number | undefined
  /** Seconds for which the launch token itself is valid. Default 30. */
  readonly ttl?: number | undefined
}

/** The launch tokens of an app that have not expired. Instants are milliseconds since the Unix epoch, TTLs seconds. */
export type AppLaunchTokens = CallAnswer<typeof listAppLaunchTokens>

const APP_OPTIONS: Readonly<Record<keyof AppOptions, true>> = {
  ...BROKER_OPTIONS,
  clientId: true,
  clientSecret: true,
  allowedOrigins: true,
}

const CREATE_AGENT_OPTIONS: Readonly<Record<keyof CreateAgentOptions, true>> = {
  ...AGENT_OPTIONS,
  agentName: true,
  maxTtl: true,
}

const LAUNCH_TOKEN_OPTIONS: Readonly<Record<keyof CreateLaunchTokenOptions, true>> = {
  orchId: true,
  taskId: true,
  scope: true,
  agentName: true,
  maxTtl: true,
  ttl: true,
  signal: true,
}

/**
 * An app, which creates agents within its ceiling. It signs in when a call first needs it, and again before its token
 * expires. Use one instance for the life of the process.
 *
 * @example
 * ```ts
 * const app = new AgentWritApp({ brokerUrl, clientId, clientSecret, allowedOrigins: ["https://api.example.com"] })
 * const agent = await app.createAgent({ orchId: "crm", taskId: "t-42", scope: ["read:data:customer-7291"] })
 * const customer = await agent.run(({ fetch }) => fetch("https://api.example.com/customers/7291"))
 * ```
 */
export class AgentWritApp {
  readonly brokerUrl: string
  readonly clientId: string
  readonly #client: BrokerClient
  readonly #session: Session
  readonly #allowedOrigins: AllowedOrigins | undefined

  /**
   * @throws `TypeError` for invalid options; {@link TargetError} `insecure_target` for a broker without TLS on another
   * machine.
   */
  constructor(options: AppOptions) {
    requireKnownOptions<AppOptions>("AgentWritApp", options, APP_OPTIONS)
    parseAllowedOrigins(options.allowedOrigins)
    this.#client = new BrokerClient(options)
    this.#session = appSession(this.#client, options)
    this.brokerUrl = this.#client.brokerUrl
    this.clientId = options.clientId
    this.#allowedOrigins = options.allowedOrigins
  }

  /**
   * The app that the environment names by `AGENTWRIT_BROKER_URL`, `AGENTWRIT_CLIENT_ID` and `AGENTWRIT_CLIENT_SECRET`.
   * Each may also come as `…_FILE`, the path of a file that holds the value and perhaps a line break behind it.
   * @throws `TypeError`, which names every variable that is missing or wrong, and the errors of the constructor
   * @example
   * ```ts
   * const app = AgentWritApp.fromEnv({ allowedOrigins: ["https://api.example.com"] })
   * ```
   */
  static fromEnv({ env, ...options }: FromEnvOptions = {}): AgentWritApp {
    return appOf({ ...readEnvironment(env), ...options })
  }

  /**
   * Creates an agent: makes a launch token that is valid once and only for this orchestration and task, and registers
   * with it. A registration whose answer is lost is not repeated; the agent that may then exist expires by itself.
   * @throws {@link BrokerError} `unauthorized` for a wrong secret, `forbidden` beyond the ceiling; {@link
   * NetworkError}, {@link InvalidRequestError}, {@link UnexpectedAnswerError}
   */
  async createAgent(options: CreateAgentOptions): Promise<Agent> {
    requireKnownOptions<CreateAgentOptions>("createAgent", options, CREATE_AGENT_OPTIONS)
    const { allowedOrigins = this.#allowedOrigins, ttl, maxTtl = ttl, orchId, taskId, scope, agentName } = options
    const each = ({ signal }: CallOptions) =>
      this.createLaunchToken({ orchId, taskId, scope, agentName, maxTtl, signal })
    return register(this.#client, { each }, { ...options, allowedOrigins })
  }

  /**
   * Makes a launch token for another process: 64 characters, valid once. Pass it where nobody else can read it, such as
   * standard input.
   * @throws the same errors as {@link AgentWritApp.createAgent}
   */
  async createLaunchToken(options: CreateLaunchTokenOptions): Promise<string> {
    requireKnownOptions<CreateLaunchTokenOptions>("createLaunchToken", options, LAUNCH_TOKEN_OPTIONS)
    const { orchId, taskId, scope, maxTtl, ttl, signal } = options
    const { agentName = `${orchId}/${taskId}`.slice(0, MAX_AGENT_NAME) } = options
    const body = { agentName, allowedScope: scope, orchId, taskId, maxTtl, ttl }
    this.#client.check(createAppLaunchToken, { body })
    const send = (bearer: string) => this.#client.send(createAppLaunchToken, { bearer, body, signal })
    return (await this.#session.authorized({ signal }, send)).launchToken
  }

  /** The app's launch tokens that have not expired, newest first. Their text is not shown again; `id` names them. */
  listLaunchTokens({ signal }: CallOptions = {}): Promise<AppLaunchTokens> {
    const send = (bearer: string) => this.#client.send(listAppLaunchTokens, { bearer, signal })
    return this.#session.authorized({ signal }, send)
  }

  /**
   * Makes one of the app's launch tokens void. The agents that registered with it live on.
   * @param id from {@link AgentWritApp.listLaunchTokens}
   * @throws {@link BrokerError} `not_found` for an id that is unknown or of another app, and the errors of every call
   */
  async revokeLaunchToken(id: string, { signal }: CallOptions = {}): Promise<void> {
    const read = decode(launchTokenParameters, { id })
    if (!read.ok) throw new InvalidRequestError(read.code, read.detail)
    await this.#session.authorized({ signal }, (bearer) =>
      this.#client.send(revokeAppLaunchToken, { bearer, id, signal }),
    )
  }
}

/** Bundlers rename a class that names itself in a static member, and `console.log` shows that name. */
const appOf = (options: AppOptions): AgentWritApp => new AgentWritApp(options)
